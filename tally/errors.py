"""What the verbs of `tally` refuse."""


class TallyError(Exception):
    """Base of the room's errors."""

    code = "tally-error"


class TallyRefused(TallyError):
    """The deed does not fit the state of the board."""

    code = "tally-refused"


class AlreadyAggregated(TallyRefused):
    """The aggregates of this election are on the board: somebody else, or the clock, was there before."""

    code = "already-aggregated"

    def __init__(self) -> None:
        super().__init__("The ballots are aggregated already: it stands on the board.")


class BodyRefused(TallyError):
    """A trustee's signed body that may not go on the board; nothing was written."""

    code = "body-refused"


class TooFewOpenings(TallyError):
    """Fewer right answers than the threshold."""

    code = "too-few-openings"
