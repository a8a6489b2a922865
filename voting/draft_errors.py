"""What the verbs of drafts refuse.

DraftError
├── NoSuchDraft
├── ChangedMeanwhile      somebody else saved the same section
├── ReadAgain             somebody saved after the whole was read
├── TermsFixed, TermsNotFixed, DraftFrozen
├── NotReady              something is missing
├── FileRefused           an uploaded file that cannot be taken
└── ListRefused           a voters' list that cannot be taken
"""

from datetime import datetime

from voting.checklist import Item
from voting.draft_document import Part, Section
from voting.errors import VotingError


class DraftError(VotingError):
    """Base of the drafts' errors."""

    code = "draft-error"


class NoSuchDraft(DraftError):
    """No draft has this id."""

    code = "draft-not-found"

    def __init__(self) -> None:
        super().__init__("There is no draft with this id here.")


class ChangedMeanwhile(DraftError):
    """Somebody saved the same section since this form was opened. Nothing was saved; nothing is lost either.

    theirs: what is saved now, at `revision`; saving on that base replaces it knowingly.
    """

    code = "changed-meanwhile"

    def __init__(self, section: Section, theirs: Part, by: str, at: datetime, revision: int) -> None:
        super().__init__(f"{by} saved this section meanwhile. Compare, then save again.")
        self.section, self.theirs, self.by, self.at, self.revision = section, theirs, by, at, revision


class ReadAgain(DraftError):
    """Something was saved since the whole was read for its fixing."""

    code = "read-again"

    def __init__(self) -> None:
        super().__init__("Somebody changed this draft meanwhile. Read it once more before you fix it.")


class TermsFixed(DraftError):
    """The terms are fixed for the key ceremony."""

    code = "terms-fixed"

    def __init__(self) -> None:
        super().__init__("The terms are fixed for the key ceremony. Take that back first to change them.")


class TermsNotFixed(DraftError):
    """A file came before the terms that it would belong to."""

    code = "terms-not-fixed"

    def __init__(self) -> None:
        super().__init__("The terms are not fixed yet, so no file can belong to them.")


class DraftFrozen(DraftError):
    """The election is frozen; the draft is history."""

    code = "draft-frozen"

    def __init__(self) -> None:
        super().__init__("This election is frozen. Nothing about it can be changed any more.")


class NotReady(DraftError):
    """Something is missing. items: what."""

    code = "not-ready"

    def __init__(self, items: tuple[Item, ...]) -> None:
        super().__init__(f"{len(items)} points of the checklist are still missing.")
        self.items = items


class FileRefused(DraftError):
    """A file that cannot be taken; `reason` is stable and names why, the sentence is for a person."""

    code = "file-refused"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class ListRefused(DraftError):
    """A voters' list with faults: nothing of it was taken."""

    code = "list-refused"

    def __init__(self, faults: int) -> None:
        super().__init__(f"The list has {faults} faults. Nothing of it was taken.")
        self.faults = faults
