"""What travels between the ways to sign in and the sessions that they end in."""

from dataclasses import dataclass, field

from identity.assurance import Assurance


@dataclass(frozen=True)
class Identity:
    """Somebody, as one issuer knows them.

    issuer: an OpenID issuer's address, or `EMAIL`.  claim: what identifies the person there; it is hashed under a
    server key and then forgotten.  methods: how they proved it (RFC 8176 names, or ours).
    """

    issuer: str
    claim: str = field(repr=False)
    assurance: Assurance
    methods: tuple[str, ...] = ()


EMAIL = "email"
"""The issuer of identities that are e-mail addresses; no OpenID issuer can be called so, theirs are https addresses."""
