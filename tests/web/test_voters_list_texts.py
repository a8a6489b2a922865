"""The pages say of a voters' list what the command line says."""

from voting.list_findings import SENTENCES
from voting.voters_list import COLUMNS
from web import voters_list_texts


def test_the_pages_know_every_finding_and_every_column() -> None:
    assert dict(voters_list_texts.SENTENCES) == dict(SENTENCES)
    assert tuple(voters_list_texts.COLUMNS) == COLUMNS
