"""The table of limits: who is counted, how often somebody may come, and what happens while nobody can count.

`web.rate_limits` counts by it and says what the words mean.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class By(StrEnum):
    """Whom a rule counts."""

    NETWORK = "network"
    SUBJECT = "subject"
    """A person, a mailbox, a voting code: whoever asks says which."""


class Unsure(StrEnum):
    """What happens while the database cannot count."""

    PASS = "pass"  # noqa: S105  (no password)
    REFUSE = "refuse"


@dataclass(frozen=True)
class Rule:
    """At most `amount` hits in any `seconds`. name: appears in the headers. block, unsure: see above."""

    name: str
    amount: int
    seconds: int
    by: By
    block: int = 1
    unsure: Unsure = Unsure.REFUSE

    def __post_init__(self) -> None:
        if self.amount % self.block or (self.block > 1 and 2 * self.block > self.amount):
            raise ValueError(f"Rule {self.name}: the amount is a whole number of blocks, at least two.")

    @property
    def policy(self) -> str:
        """The member of `RateLimit-Policy`."""
        return f'"{self.name}";q={self.amount};w={self.seconds}'


MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

READING: Final = Rule("reading", 600, MINUTE, By.NETWORK, block=60, unsure=Unsure.PASS)
"""Public data that no vote waits for."""
VOTING: Final = Rule("voting", 6000, MINUTE, By.NETWORK, block=600, unsure=Unsure.PASS)
"""What a booth reads before and after casting: some eight answers for a vote, so 750 votes a minute of one network."""
BUNDLE: Final = Rule("bundle", 120, HOUR, By.NETWORK, block=20, unsure=Unsure.PASS)
"""A program that looks every minute whether there is a new one, and some people beside it."""
CASTING: Final = Rule("casting", 20, MINUTE, By.SUBJECT, block=5, unsure=Unsure.PASS)
"""Ballots and challenges whose signature a voting code made, counted before their proofs are checked."""
SIGN_IN: Final = Rule("sign-in", 3000, 10 * MINUTE, By.NETWORK, block=100)
"""Beginning to sign in, which stores something. High: a ward signs in behind one address, and no secret is guessed."""
EMAIL_LINK: Final = Rule("email-link", 3, 15 * MINUTE, By.SUBJECT)
"""Links sent to one mailbox: nobody can be flooded with them."""
EMAIL_LINK_DAY: Final = Rule("email-link-day", 12, DAY, By.SUBJECT)
EMAIL_LINK_NETWORK: Final = Rule("email-link-network", 600, HOUR, By.NETWORK)
PERMIT: Final = Rule("permit", 30, HOUR, By.SUBJECT)
"""Entry codes for one person."""
RECEIPT_MAIL: Final = Rule("receipt-mail", 5, HOUR, By.SUBJECT)
"""Receipts sent to one mailbox."""
RECEIPT_MAIL_NETWORK: Final = Rule("receipt-mail-network", 600, HOUR, By.NETWORK)
RECEIPT_PAPER: Final = Rule("receipt-paper", 60, MINUTE, By.NETWORK)
"""Receipts drawn as PDF: each takes this process a fifth of a second."""
UPLOAD: Final = Rule("upload", 60, HOUR, By.SUBJECT)
"""Files sent by one person who is signed in."""
EXPORT: Final = Rule("export", 12, HOUR, By.SUBJECT)
"""Everything about one person, packed: reads much."""
DISPUTE: Final = Rule("dispute", 30, HOUR, By.NETWORK)
CONTRIBUTE: Final = Rule("contribute", 20, HOUR, By.SUBJECT)
"""Contributions, replies and edits of one person."""
TOPIC: Final = Rule("topic", 5, DAY, By.SUBJECT)
"""Topics that one citizen opens."""
REPORT: Final = Rule("report", 30, HOUR, By.SUBJECT)
"""What one person reports to moderators."""
REPORT_DAY: Final = Rule("report-day", 100, DAY, By.SUBJECT)
AGREE: Final = Rule("agree", 600, HOUR, By.SUBJECT)
"""Agreeing and disagreeing of one person, each change of mind counted."""
SIGN_NETWORK: Final = Rule("sign-network", 60, 10 * MINUTE, By.NETWORK)
"""Mails for signatures asked for from one network: a class or an office that signs together, and no robot."""
SIGN_NETWORK_DAY: Final = Rule("sign-network-day", 1200, DAY, By.NETWORK)
"""High: a whole ward may be behind one address. Whoever signs in is not counted here."""
SIGN_MAILBOX: Final = Rule("sign-mailbox", 3, 15 * MINUTE, By.SUBJECT)
SIGN_MAILBOX_DAY: Final = Rule("sign-mailbox-day", 12, DAY, By.SUBJECT)
SIGN_DOMAIN: Final = Rule("sign-domain", 60, 10 * MINUTE, By.SUBJECT)
"""Mails for signatures to one uncommon mail domain: whoever owns it has all its mailboxes. Alone it refuses nobody."""
SIGN_DOMAIN_DAY: Final = Rule("sign-domain-day", 1200, DAY, By.SUBJECT)
SIGN_DOMAIN_SHARE: Final = Rule("sign-domain-share", 20, 10 * MINUTE, By.SUBJECT)
"""The same of one network to one domain that is asked for so much. Else one network could keep a university out."""
SIGN_DOMAIN_SHARE_DAY: Final = Rule("sign-domain-share-day", 200, DAY, By.SUBJECT)
WITHOUT_WORK: Final = Rule("without-work", 10, 10 * MINUTE, By.NETWORK)
"""Forms that came without the browser's calculation: the slower way, for browsers without script."""
SIGN_PERSON: Final = Rule("sign-person", 60, HOUR, By.SUBJECT, block=10, unsure=Unsure.PASS)
"""Signatures of one person who is signed in, also by the address that supporters got. Block by block: no statement more
for a signature. Nobody signs a petition twice, so this bounds only the rows that one account can cause."""
SIGN_AGAIN: Final = Rule("sign-again", 6, DAY, By.SUBJECT, unsure=Unsure.PASS)
"""Signatures of one person who is signed in under one petition: after an edit, or after taking one back, and no ranking
made by signing and taking back all day."""
PETITION_START: Final = Rule("petition-start", 10, DAY, By.SUBJECT)
"""Petitions that one person begins; each form comes with its work besides."""
PETITION_START_NETWORK: Final = Rule("petition-start-network", 60, HOUR, By.NETWORK)
"""The same from one network: a class that writes petitions together, and no farm of accounts."""
PETITION_WRITE: Final = Rule("petition-write", 60, HOUR, By.SUBJECT)
"""Changes of words, and deeds about one's own petitions, by one person."""
PETITION_WRITE_NETWORK: Final = Rule("petition-write-network", 600, HOUR, By.NETWORK)
SIMILAR: Final = Rule("similar", 300, MINUTE, By.NETWORK, block=30, unsure=Unsure.PASS)
"""Similar petitions while somebody types, searches, and petitions looked at before they are kept."""

RULES: Final = (
    READING,
    VOTING,
    BUNDLE,
    CASTING,
    SIGN_IN,
    EMAIL_LINK,
    EMAIL_LINK_DAY,
    EMAIL_LINK_NETWORK,
    PERMIT,
    RECEIPT_MAIL,
    RECEIPT_MAIL_NETWORK,
    RECEIPT_PAPER,
    UPLOAD,
    EXPORT,
    DISPUTE,
    CONTRIBUTE,
    TOPIC,
    REPORT,
    REPORT_DAY,
    AGREE,
    SIGN_NETWORK,
    SIGN_NETWORK_DAY,
    SIGN_MAILBOX,
    SIGN_MAILBOX_DAY,
    SIGN_DOMAIN,
    SIGN_DOMAIN_DAY,
    SIGN_DOMAIN_SHARE,
    SIGN_DOMAIN_SHARE_DAY,
    WITHOUT_WORK,
    SIGN_PERSON,
    SIGN_AGAIN,
    PETITION_START,
    PETITION_START_NETWORK,
    PETITION_WRITE,
    PETITION_WRITE_NETWORK,
    SIMILAR,
)
