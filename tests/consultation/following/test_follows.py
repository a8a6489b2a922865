"""Following is idempotent, bounded, and each person's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consultation.following import follows
from consultation.following.follows import Followed, FollowsTooMuch, follow, followed_by, followers, unfollow
from consultation.subjects import Subject
from storage.session import writing
from tests.support.desks import DeskUnderTest, desk_under_test

LAKE, MARKET = Subject("petition", "5f00000000000001"), Subject("petition", "5f00000000000002")


@pytest.fixture
def under_test(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    with desk_under_test(database_url, tmp_path) as made:
        yield made


def test_following_twice_is_following_once(under_test: DeskUnderTest) -> None:
    lan, minh, clock = under_test.person(), under_test.person(), under_test.clock
    began = clock()
    with writing(under_test.desk.engine) as session:
        follow(session, lan, LAKE, clock())
        clock.wait(hours=1)
        follow(session, lan, LAKE, clock())
        follow(session, lan, MARKET, clock())
        follow(session, minh, LAKE, clock())
        assert followed_by(session, lan) == [Followed(MARKET, clock()), Followed(LAKE, began)]
        assert (followers(session, LAKE), followers(session, MARKET)) == (2, 1)
        unfollow(session, lan, LAKE)
        unfollow(session, lan, LAKE)
        assert not follows.follows(session, lan, LAKE)
        assert follows.follows(session, minh, LAKE)


def test_nobody_follows_everything(under_test: DeskUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follows, "FOLLOWED_MAX", 1)
    lan = under_test.person()
    with writing(under_test.desk.engine) as session:
        follow(session, lan, LAKE, under_test.clock())
        follow(session, lan, LAKE, under_test.clock())
        with pytest.raises(FollowsTooMuch):
            follow(session, lan, MARKET, under_test.clock())
