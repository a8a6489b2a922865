"""What mails say: every fact in its place, in both languages alike, and nothing that a mail must not hold."""

import inspect
import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail import words
from mail.outbox import Mail
from mail.words import TEMPLATES, WIDTH, Language, News, Voice, Words

LINK = "https://vote.example.org/vi/elections/00112233445566778899aabbccddeeff"

DUE = {"title": "Đèn hồ Sen", "count": 300, "body": "Hội đồng nhân dân", "until": "29/11", "link": LINK}

SIGNED = {"title": "Đèn hồ Sen", "link": LINK, "stop_link": LINK + "/stop"}

FACTS: Mapping[str, dict[str, Any]] = {
    "sign_in_link": {"link": LINK, "minutes": 15},
    "invitation": {"inviter": "Trần Thị Hoa", "role": "registrar", "link": LINK, "days": 7},
    "cast_notice": {
        "title": "Sân chơi mới",
        "moment": "20:00",
        "number": 1,
        "closes": "29/11",
        "check_link": LINK,
        "revoting": True,
    },
    "receipt": {
        "title": "Sân chơi mới",
        "receipt_code": "ABCD-EFGH",
        "voter_number": "WXYZ",
        "moment": "20:00",
        "check_link": LINK,
    },
    "opens_soon": {"title": "Sân chơi mới", "opens": "28/11", "closes": "29/11", "link": LINK},
    "closes_soon": {"title": "Sân chơi mới", "closes": "29/11", "link": LINK},
    "dispute_answered": {"title": "Sân chơi mới", "number": "12", "link": LINK},
    "conflict": {"title": "Sân chơi mới", "moment": "20:00", "link": LINK},
    "code_replaced": {"title": "Sân chơi mới", "moment": "20:00", "link": LINK},
    "petition_news": SIGNED | {"what": "published"},
    "petition_debate": SIGNED | {"day": "20:00 29/11"},
    "petition_removed": SIGNED | {"batch": 3},
    "petition_answer_due": DUE,
    "petition_debate_due": DUE,
    "confirm_address": {"link": LINK, "hours": 24},
    "sign_petition": {"title": "Sân chơi mới", "link": LINK, "hours": 24},
    "sign_unread_petition": {"number": "5f00000000000001", "link": LINK, "hours": 24},
    "digest": {
        "news": [
            News("Sân chơi mới", ["Kiến nghị đã được trả lời"], LINK + "/1"),
            News("", ["Bình luận mới (3)", "Đã đóng"], LINK + "/2"),
        ],
        "more": 4,
        "my_link": LINK + "/my",
        "stop_link": LINK + "/stop",
    },
    "test_mail": {"site": "https://vote.example.org"},
}

ENDINGS = {"signature", "to-signers"}
WHATS = ("published", "rejected", "edited", "answered", "no-debate", "outcome", "closed")

VARIANTS = [
    *FACTS.items(),
    *(("petition_news", FACTS["petition_news"] | {"what": what}) for what in WHATS[1:]),
    ("cast_notice", FACTS["cast_notice"] | {"number": 2}),
    ("cast_notice", FACTS["cast_notice"] | {"revoting": False}),
    ("digest", FACTS["digest"] | {"news": FACTS["digest"]["news"][:1], "more": 0}),
]


def voice(language: Language) -> Voice:
    return Voice(language, "Phường Đồng Sen", "024 0000 0123")


def write(name: str, facts: dict[str, Any], language: Language) -> Words:
    function: Callable[..., Words] = getattr(words, name)
    return function(voice(language), **facts)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize(("name", "facts"), VARIANTS, ids=range(len(VARIANTS)))
def test_every_fact_is_said_and_every_place_is_filled(
    name: str, facts: dict[str, Any], language: Language
) -> None:
    said = write(name, facts, language)
    assert "{" not in said.subject + said.text
    assert "}" not in said.subject + said.text
    whole = " ".join((said.subject + "\n" + said.text).split())
    news = [fact for one in facts.get("news", []) for fact in (one.title, *one.happened, one.link)]
    plain = [fact for name, fact in facts.items() if name not in ("news", "more", "what")]
    for fact in [*plain, *news, "Phường Đồng Sen", "024 0000 0123"]:
        if not isinstance(fact, bool) and fact != 1:
            assert str(fact) in whole
    # It passes the outbox: no control character, no long line.
    Mail("lan@example.org", language, said.subject, said.text, "notice", "election")
    for line in said.text.split("\n"):
        assert len(line) <= WIDTH or LINK in line
    assert said.text == unicodedata.normalize("NFC", said.text)


def test_every_function_is_tried_and_every_template_is_used() -> None:
    functions = {
        name
        for name, function in inspect.getmembers(words, inspect.isfunction)
        if function.__module__ == words.__name__ and not name.startswith("_")
    }
    assert functions == set(FACTS)
    names = set(TEMPLATES["en"]) - ENDINGS
    assert get_args(words.PetitionNews) == WHATS
    assert names == {name.replace("_", "-") for name in set(FACTS) - {"petition_news"}} | {
        "cast-notice-again",
        "cast-notice-final",
        "digest-one",
        *(f"petition-{what}" for what in WHATS),
    }


def test_both_languages_have_the_same_mails_with_the_same_facts() -> None:
    assert set(TEMPLATES["en"]) == set(TEMPLATES["vi"])
    for name, (subject, text) in TEMPLATES["en"].items():
        other_subject, other_text = TEMPLATES["vi"][name]
        assert fields(subject) == fields(other_subject), name
        assert fields(text) == fields(other_text), name
        assert text.count("\n\n") == other_text.count("\n\n"), name
        # A fact is never handed over in vain; the number of a first ballot is not said.
        if name not in ENDINGS:
            assert subject != other_subject


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_longest_facts_fit(language: Language) -> None:
    facts = FACTS["cast_notice"] | {"title": "đ" * 200, "check_link": "https://x.example/" + "a" * 500}
    said = write("cast_notice", facts, language)
    assert len(said.subject) == 200
    assert said.subject.endswith("…")
    assert max(len(line.encode()) for line in said.text.split("\n")) <= 998
    Mail("lan@example.org", language, said.subject, said.text, "notice", "election")


def test_facts_are_taken_literally_and_are_one_line() -> None:
    said = write("closes_soon", FACTS["closes_soon"] | {"title": "{link} {0} %s"}, "en")
    assert "{link} {0} %s" in said.subject
    for hostile in ("a\nBcc: x@example.org", "a\r\n\r\nb", "a\u2028b", "a\x00"):
        with pytest.raises(ValueError, match="one line"):
            write("closes_soon", FACTS["closes_soon"] | {"title": hostile}, "en")


@pytest.mark.parametrize("place", ["happened", "link"])
def test_news_are_taken_literally_and_are_one_line(place: str) -> None:
    given: dict[str, Any] = {"title": "a", "happened": ["b"], "link": LINK}
    for hostile in ("a\nBcc: x@example.org", "a\u2028b", "a\x00"):
        news = News(**given | {place: [hostile] if place == "happened" else hostile})
        with pytest.raises(ValueError, match="one line"):
            write("digest", FACTS["digest"] | {"news": [news]}, "en")
    said = write("digest", FACTS["digest"] | {"news": [News("{link} %s", ["{0}"], LINK)], "more": 0}, "en")
    assert "{link} %s" in said.subject
    assert "· {0}" in said.text


OF_CITIZENS = {"petition"}
OURS = {
    "authority", "batch", "body", "check_link", "closes", "count", "day", "days", "help_line", "hours",
    "inviter", "link", "minutes", "moment", "my_link", "number", "opens", "receipt_code", "role", "site",
    "stop_link", "title", "until", "voter_number",
}  # fmt: skip
"""Every fact of every mail. `title` is of a vote, which an official wrote."""

QUOTES_CITIZENS = [
    name
    for name, function in inspect.getmembers(words, inspect.isfunction)
    if name.startswith(("petition_", "sign_petition")) or name == "digest"
]
CLICKABLE = re.compile(r"[a-z]:/|www\.\w|\w\.[^\W\d_]{2}|\w@\w", re.IGNORECASE)
TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
TITLES = st.one_of(
    st.text(max_size=150),
    st.lists(
        st.sampled_from(
            [
                *("https://evil.example/x?y", "evil.example", "www.evil.vn", "a@evil.vn", "mailto:a@b.vn"),
                *(
                    "hxxp:\\\\",
                    "ＨＴＴＰＳ：／／ｅｖｉｌ．ｖｎ",
                    "evil。vn",
                    "\n",
                    "\r\nBcc: a@b.vn",
                    "\u2028",
                    "\x00",
                ),
                *("”", "\u202e", "{link}", "Lắp đèn", " "),
            ]
        ),
        max_size=6,
    ).map("".join),
)


def test_each_fact_is_known_to_be_ours_or_of_citizens() -> None:
    for texts in TEMPLATES["en"].values():
        assert set().union(*map(fields, texts)) <= OF_CITIZENS | OURS
    known = {name.replace("_", "-") for name in QUOTES_CITIZENS if name != "petition_news"} | {"digest-one"}
    known |= {f"petition-{what}" for what in WHATS}
    quoting = {
        name for name, texts in TEMPLATES["en"].items() if OF_CITIZENS & set().union(*map(fields, texts))
    }
    assert quoting == known - {"digest"}  # which names them in its middle


@settings(max_examples=80, deadline=None)
@given(title=TITLES, name=st.sampled_from(QUOTES_CITIZENS), language=st.sampled_from(["en", "vi"]))
def test_no_word_of_a_citizen_is_more_than_a_quotation(title: str, name: str, language: Language) -> None:
    facts = FACTS[name]
    if name == "digest":
        facts |= {"news": [News(title or "x", ["Đã đóng"], LINK)], "more": 0}
    else:
        facts |= {"title": title}
    said = write(name, facts, language)
    # It is a mail as every other: one line as its subject, and so no further header.
    Mail("lan@example.org", language, said.subject, said.text, "notice", "election")
    plain = write(
        name,
        facts | ({"title": "x"} if "title" in facts else {"news": [News("x", ["Đã đóng"], LINK)]}),
        language,
    )
    ours = re.escape(plain.subject).replace("“x”", "“([^“”]*)”?")
    found = re.fullmatch(ours, said.subject)
    assert found
    whole = f"{said.subject} {said.text.replace(LINK, '')}"
    assert not CLICKABLE.search(whole.replace("…", ""))
    assert not TURNING.search(whole)
    assert [said.text.count(mark) for mark in "“”"] == [plain.text.count(mark) for mark in "“”"]


JARGON = re.compile(r"\b(credential|tracker|invalid|please|oops|ciphertext|hash)\b", re.IGNORECASE)


def test_words_that_no_mail_uses() -> None:
    assert JARGON.search("Please")  # control
    for language in ("en", "vi"):
        for subject, text in TEMPLATES[language].values():
            assert not JARGON.search(subject + text)
    # Tone marks stand on the first vowel of oa, oe, uy: khóa, hòa.
    for subject, text in TEMPLATES["vi"].values():
        assert not re.search("o[áàảãạéèẻẽẹ](?![a-zà-ỹ])|u[ýỳỷỹỵ](?![a-zà-ỹ])(?<!q.)", subject + text)
