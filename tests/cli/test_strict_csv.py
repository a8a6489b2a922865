"""CSV files are read as strictly as any other input."""

from pathlib import Path

import pytest

from cli.strict_csv import CsvUnusable, parse_csv, read_csv

HEADER = ("name", "number")


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    data = 'name,number\nHoa,1\n\n"Lâm\nVăn",2\r\n"a,""b""",3'.encode()
    assert parse_csv(data, HEADER) == [
        (2, ["Hoa", "1"]),
        (5, ["Lâm\nVăn", "2"]),
        (6, ['a,"b"', "3"]),
    ]
    assert parse_csv(b"name,number\n", HEADER) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Line 1: the file must begin with the header name,number."),
        (b"\n", "header"),
        (b"Hoa,1\n", "header"),
        (b"number,name\n", "header"),
        (b"name, number\n", "header"),
        (b"name,number,more\n", "header"),
        (b"name;number\n", "header"),
        (b"NAME,NUMBER\n", "header"),
        (b"\xef\xbb\xbfname,number\n", "Line 1: the file begins with a byte order mark"),
        ("name,number\n".encode("utf-16"), "byte order mark"),
        (b"name,number\nHoa,1\nTr\xe2n,2\n", "Line 3: the file is not UTF-8"),
        (b"name,number\nHoa\n", "Line 2: 1 fields; a line has 2: name, number."),
        (b"name,number\nHoa,1,\n", "Line 2: 3 fields"),
        (b'name,number\nHoa,1\n"Lam,2\n', "Line 3: not a line of a CSV file"),
        (b'name,number\n"Hoa"x,1\n', "Line 2: not a line of a CSV file"),
        (b"name,number\n" + b"x" * 200_000 + b",1\n", "Line 2: not a line of a CSV file"),
    ],
)
def test_what_is_no_such_file_is_named_with_its_line(data: bytes, words: str) -> None:
    with pytest.raises(CsvUnusable) as refused:
        parse_csv(data, HEADER)
    assert words in str(refused.value)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"x" * 100)
    assert read_csv(path, 100) == b"x" * 100
    with pytest.raises(CsvUnusable, match="larger than 99 bytes"):
        read_csv(path, 99)
    for missing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CsvUnusable, match="cannot be read"):
            read_csv(missing, 100)
