import pytest

from crypto.ballot_seed import BallotSeed
from crypto.errors import OutOfRange
from crypto.transcript import tuple_hash, u32

SEED = BallotSeed(bytes(range(32)))


def test_value_is_the_low_bits_of_the_hash() -> None:
    digest = tuple_hash("ballot-randomness", [bytes(range(32)), b"q/p/-/r", u32(3)], 33)
    assert SEED.value("q/p/-/r", 3, 264) == int.from_bytes(digest, "big")
    assert SEED.value("q/p/-/r", 3, 257) == int.from_bytes(digest, "big") % (1 << 257)


def test_places_have_their_own_labels() -> None:
    assert SEED.blinding("q", "p", 64) == SEED.value("q/p/-/r", 0, 64)
    assert SEED.draw("q", "option 3")(12, "sigma", 64, 5) == SEED.value("q/option 3/12/sigma", 5, 64)


def test_vietnamese_names_are_hashed_as_utf8() -> None:
    digest = tuple_hash("ballot-randomness", [bytes(range(32)), "cầu/p/-/r".encode(), u32(0)], 8)
    assert SEED.blinding("cầu", "p", 64) == int.from_bytes(digest, "big")


@pytest.mark.parametrize(("question", "part"), [("a/b", "c"), ("a", "b/c")])
def test_slash_in_a_name_is_refused(question: str, part: str) -> None:
    with pytest.raises(OutOfRange, match="no slash"):
        SEED.blinding(question, part, 64)
    with pytest.raises(OutOfRange, match="no slash"):
        SEED.draw(question, part)(0, "e", 256, 0)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(OutOfRange, match="32 bytes"):
        BallotSeed(bytes(length))
    with pytest.raises(OutOfRange, match="32 fresh bytes"):
        BallotSeed.derive(b"secret", bytes(length))


def test_fresh_seeds_differ_and_depend_on_the_credential() -> None:
    assert BallotSeed.fresh(b"secret") != BallotSeed.fresh(b"secret")
    assert BallotSeed.derive(b"secret", bytes(32)) != BallotSeed.derive(b"other", bytes(32))


def test_seed_is_not_printed() -> None:
    assert "secret" not in repr(SEED)
    assert "\\x01" not in repr(SEED)
