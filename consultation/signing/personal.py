"""What signing knows about a person, for `consultation.personal`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from consultation.signing.ending import find_signature, signed_by, withdraw_all
from consultation.signing.receipts import receipt_of
from consultation.signing.signing import open_address
from crypto.encoding import encode_base64url
from identity.desk import Desk
from protocol.canonical import encode_canonical
from protocol.text import format_time


class SignatureData:
    """Signatures with their receipts."""

    name = "signatures"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """One row for each petition that somebody signed; the receipt as text, ready to be kept."""
        rows: list[Mapping[str, object]] = []
        for signed in signed_by(session, person):
            row = find_signature(session, signed.key)
            sealed = row.address_sealed
            rows.append(
                {
                    "petition": signed.petition,
                    "version": signed.version,
                    "area": signed.area,
                    "signed": format_time(signed.signed_at),
                    "counts": signed.counts,
                    "mails": signed.mails,
                    "address": None if sealed is None else open_address(desk, signed.key, sealed),
                    "mailbox": None if row.mailbox is None else encode_base64url(row.mailbox),
                    "receipt": encode_canonical(receipt_of(desk, session, signed.key)).decode(),
                }
            )
        return rows

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """All signatures are withdrawn: salts are gone, counts fall, the entries that stay name nobody."""
        withdraw_all(desk, session, person, now)
