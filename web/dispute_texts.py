"""Words for objections: what happened, what the machine found in a file, what the office answered."""

from collections.abc import Mapping
from typing import Final

from voting.dispute_evidence import FindingCode
from voting.disputes import Category, Verdict
from web.i18n import N_

CATEGORIES: Final[Mapping[Category, str]] = {
    Category.NOT_FOUND: N_("My ballot is not found on the board"),
    Category.NOT_MINE: N_("There is a ballot with my voting code that I did not cast"),
    Category.TEST_DIFFERS: N_("A test showed another ballot than the one I made"),
    Category.COULD_NOT_VOTE: N_("I could not vote"),
    Category.RESULT_WRONG: N_("The result or the count is wrong"),
    Category.OTHER: N_("Something else"),
}

FINDINGS: Final[Mapping[FindingCode, str]] = {
    FindingCode.BROKEN_PROMISE: N_(
        "Proved: this server has signed that the ballot stands on the board as number %(n)s. The time for it is over, "
        "and it does not stand there."
    ),
    FindingCode.BOARD_CHANGED: N_(
        "Proved: this server has signed a board of %(n)s entries that is not part of the board it shows now."
    ),
    FindingCode.STANDS: N_("The file is genuine, and its ballot stands on the board as number %(n)s."),
    FindingCode.NOT_DUE: N_(
        "The promise in the file is genuine, and its time was not over when the objection was filed."
    ),
    FindingCode.SENT_STANDS: N_("The ballot in the file stands on the board as number %(n)s."),
    FindingCode.SENT_ABSENT: N_(
        "The ballot in the file was made with a voting code of this vote and is not on the board. The file does not "
        "show whether it reached this server."
    ),
    FindingCode.HEAD_STANDS: N_("The signed state in the file is part of the board."),
    FindingCode.NOT_SIGNED: N_(
        "Nothing in the file is signed by this server, so the machine cannot decide it."
    ),
}

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.UPHELD: N_("The office agrees"),
    Verdict.REJECTED: N_("The office does not agree"),
    Verdict.PASSED_ON: N_("Passed on to another body"),
}
