"""From a consultation to a vote: voters read what everybody may read at the moment when the draft is made."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from consultation.ballots import Asked, Ballot, Leaflet, begin_draft
from consultation.errors import ChangedMeanwhile
from consultation.hearings import votes
from consultation.hearings.documents import paragraphs_of
from consultation.hearings.subjects import Paragraphs
from consultation.hearings.votes import begin_vote, vote_seen, votes_of
from identity.roles import Role
from storage.session import Beside, reading
from tests.consultation.hearings.conftest import RUBBISH, STALLS, Hall
from voting.deeds import By
from voting.draft_document import Words
from voting.draft_models import VotingFile
from voting.drafts import new_draft_id
from voting.office import Office
from voting.server_keys import ServerKeys

WORDS = Words(en="Shall it be?", vi="Có nên không?")
BALLOT = Ballot(WORDS, WORDS, (Asked(WORDS, (Words(en="Yes", vi="Có"), Words(en="No", vi="Không"))),))


def test_what_a_moderator_hides_while_the_draft_is_made_is_in_no_leaflet(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = hall.document()
    hall.open()
    hall.close()
    engine, desk = hall.desk.desk.engine, hall.desk
    office = Office(engine, ServerKeys.open(tmp_path / "keys"), desk.clock)
    by = By(desk.desk, desk.signed_in(Role.OFFICIAL))
    with reading(engine) as session:
        seen = vote_seen(session, hall.hearing, office)
        stalls = paragraphs_of(session, document.id, 1)[1].id or ""

    def hidden_meanwhile(
        office: Office, by: By, ballot: Ballot, leaflets: Sequence[Leaflet], draft_id: str, link: Beside
    ) -> str:
        with hall.work() as session:
            Paragraphs().set_hidden(session, stalls, entry=1)
        return begin_draft(office, by, ballot, leaflets, draft_id, link)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(votes, "begin_draft", hidden_meanwhile)
        with pytest.raises(ChangedMeanwhile):
            begin_vote(office, by, hall.hearing, BALLOT, new_draft_id(), seen)
    with reading(engine) as session:
        assert votes_of(session, hall.hearing) == []
        assert session.scalar(select(func.count()).select_from(VotingFile)) == 0
    begin_vote(office, by, hall.hearing, BALLOT, new_draft_id(), seen)
    with reading(engine) as session:
        assert len(votes_of(session, hall.hearing)) == 1
        leaflets = "".join(data.decode() for data in session.scalars(select(VotingFile.data)))
    assert RUBBISH in leaflets
    assert STALLS not in leaflets
