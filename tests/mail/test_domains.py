"""The site's own word about mail domains, strictly read."""

from pathlib import Path

import pytest

from mail.domains import FILE_BYTES_MAX, SiteDomains, read_site_domains
from mail.errors import UnusableMailDomains


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "domains.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_both_lists_are_read(tmp_path: Path) -> None:
    lines = (
        "\ufeff# ours",
        "add Throwaway.Example\r",
        "",
        "  allow bücher.example  # a shop",
        "add bad.school.example",
    )
    text = "\n".join((*lines, "add throwaway.example", ""))
    found = read_site_domains(written(tmp_path, text + "allow school.example"))
    assert found == SiteDomains(
        frozenset({"throwaway.example", "bad.school.example"}),
        frozenset({"xn--bcher-kva.example", "school.example"}),
    )
    assert read_site_domains(written(tmp_path, "")) == SiteDomains()


def test_the_nearest_word_counts() -> None:
    site = SiteDomains(frozenset({"bad.school.example"}), frozenset({"school.example"}))
    said = [
        site.says(domain)
        for domain in ("x.bad.school.example", "a.school.example", "other.example", "example")
    ]
    assert said == [True, False, None, None]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("add a.example\nthrowaway.example", "line 2: write “add” or “allow”"),
        ("Add a.example", "line 1: write"),
        ("add a.example b.example", "line 1: write"),
        ("add", "line 1: write"),
        ("!a.example", "line 1: write"),
        ("add lan@a.example", "line 1: 'lan@a.example' is not a domain"),
        ("add com", "is not a domain"),
        ("add *.a.example", "is not a domain"),
        ("add 192.0.2.1", "is not a domain"),
        ("add a..example", "is not a domain"),
        ("add a.example\nallow A.example", "line 2: a.example is both added and allowed"),
        (b"add \xff.example", "not UTF-8"),
        (b"#" * (FILE_BYTES_MAX + 1), "longer than"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(UnusableMailDomains, match="PSEPHOS_MAIL_DOMAINS") as caught:
        read_site_domains(written(tmp_path, text))
    assert complaint in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UnusableMailDomains, match="cannot be read"):
            read_site_domains(path)
