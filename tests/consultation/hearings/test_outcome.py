"""A consultation cannot end before each theme says what came of it and why."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from consultation.errors import ChangedMeanwhile, NoSuchSubject
from consultation.happenings import What
from consultation.hearings.errors import OutcomeIncomplete, WrongPhase
from consultation.hearings.hearings import find_hearing
from consultation.hearings.outcome import (
    add_theme,
    change_theme,
    outcome_seen,
    publish_outcome,
    remove_theme,
    themes_of,
)
from consultation.hearings.types import Lack, Phase, Theme, Verdict
from consultation.models import ConsultationHappening
from protocol.text import LocalText
from tests.consultation.hearings.conftest import OPENING, Hall

THEME = Theme(LocalText(en="Hours", vi="Giờ mở cửa"), LocalText(en="Open earlier.", vi="Mở sớm hơn."))
REASON = LocalText(en="Traders asked for it.", vi="Tiểu thương đề nghị.")
DECIDED = replace(THEME, verdict=Verdict.PARTLY, reason=REASON)


def publish(hall: Hall) -> None:
    with hall.work() as session:
        seen = outcome_seen(themes_of(session, hall.hearing))
        publish_outcome(session, hall.hearing, seen, hall.now())


def test_an_outcome_is_refused_with_a_list_of_what_is_missing(own_hall: Hall) -> None:
    own_hall.document()
    own_hall.open()
    own_hall.close()
    with pytest.raises(OutcomeIncomplete) as refused:
        publish(own_hall)
    assert [each.lack for each in refused.value.missing] == [Lack.THEMES]
    with own_hall.work() as session:
        add_theme(session, own_hall.hearing, DECIDED, own_hall.now())
        add_theme(session, own_hall.hearing, THEME, own_hall.now())
        half = replace(DECIDED, reason=LocalText(en="Only in English.", vi=""))
        add_theme(session, own_hall.hearing, half, own_hall.now())
    with pytest.raises(OutcomeIncomplete) as refused:
        publish(own_hall)
    assert [(each.lack, each.theme) for each in refused.value.missing] == [
        (Lack.VERDICT, 2),
        (Lack.REASON, 2),
        (Lack.REASON, 3),
    ]
    with own_hall.work() as session:
        _, open_one, half_one = themes_of(session, own_hall.hearing)
        change_theme(session, own_hall.hearing, open_one.id, DECIDED, open_one.seen, own_hall.now())
        remove_theme(session, own_hall.hearing, half_one.id, half_one.seen, own_hall.now())
    publish(own_hall)
    with own_hall.work() as session:
        found = find_hearing(session, own_hall.hearing, own_hall.now())
        assert (found.phase, found.outcome_at) == (Phase.OUTCOME, own_hall.now())
        what = select(ConsultationHappening.what).order_by(ConsultationHappening.id.desc()).limit(1)
        assert session.scalar(what) == What.OUTCOME_PUBLISHED


def test_an_outcome_waits_for_the_end_of_comments_and_is_final(hall: Hall) -> None:
    document = hall.document()
    hall.open()
    with hall.work() as session:
        add_theme(session, hall.hearing, DECIDED, hall.now())
    with pytest.raises(WrongPhase):
        publish(hall)
    hall.close()
    publish(hall)
    with pytest.raises(WrongPhase):
        publish(hall)
    with hall.work() as session:
        (stands,) = themes_of(session, hall.hearing)
    for deed in (
        lambda session: add_theme(session, hall.hearing, THEME, hall.now()),
        lambda session: change_theme(session, hall.hearing, stands.id, THEME, stands.seen, hall.now()),
        lambda session: remove_theme(session, hall.hearing, stands.id, stands.seen, hall.now()),
        lambda session: hall.prepare(session, document, OPENING),
    ):
        with hall.work() as session, pytest.raises(WrongPhase):
            deed(session)


def test_themes_move_up_when_one_is_taken_out(hall: Hall) -> None:
    with hall.work() as session:
        for name in ("a", "b", "c"):
            add_theme(session, hall.hearing, replace(THEME, title=LocalText(en=name, vi=name)), hall.now())
        first, second, _ = themes_of(session, hall.hearing)
        remove_theme(session, hall.hearing, first.id, first.seen, hall.now())
        assert [(each.number, each.title.en) for each in themes_of(session, hall.hearing)] == [
            (1, "b"),
            (2, "c"),
        ]
        with pytest.raises(NoSuchSubject):
            change_theme(session, hall.hearing, first.id, THEME, first.seen, hall.now())
        change_theme(session, hall.hearing, second.id, DECIDED, second.seen, hall.now())
        with pytest.raises(ChangedMeanwhile):
            change_theme(session, hall.hearing, second.id, THEME, second.seen, hall.now())
        with pytest.raises(ChangedMeanwhile):
            remove_theme(session, hall.hearing, second.id, second.seen, hall.now())


def test_an_outcome_that_changed_under_the_hand_is_not_published(hall: Hall) -> None:
    hall.document()
    hall.open()
    hall.close()
    with hall.work() as session:
        add_theme(session, hall.hearing, DECIDED, hall.now())
        seen = outcome_seen(themes_of(session, hall.hearing))
        (theme,) = themes_of(session, hall.hearing)
        rejected = replace(DECIDED, verdict=Verdict.REJECTED)
        change_theme(session, hall.hearing, theme.id, rejected, theme.seen, hall.now())
        with pytest.raises(ChangedMeanwhile):
            publish_outcome(session, hall.hearing, seen, hall.now())
