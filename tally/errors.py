"""What the verbs of `tally` refuse."""


class TallyError(Exception):
    """Base of the room's errors."""

    code = "tally-error"


class TallyRefused(TallyError):
    """The deed does not fit the state of the board."""

    code = "tally-refused"


class BodyRefused(TallyError):
    """A trustee's signed body that may not go on the board; nothing was written."""

    code = "body-refused"


class TooFewOpenings(TallyError):
    """Fewer right answers than the threshold."""

    code = "too-few-openings"
