"""Fixtures `outbox`, `post` and `certificates`."""

from tests.mail.outbox_hands import outbox
from tests.support.mail_servers import certificates, post

__all__ = ["certificates", "outbox", "post"]
