import pyarrow
import pyarrow.parquet
import pytest

from serving.bulk.reading import Submitted, count_articles, read_source
from serving.bulk.sources import Kind, Source


@pytest.fixture
def read(tmp_path):
    def read(kind: Kind, content: bytes) -> list[Submitted]:
        file = tmp_path / "file"
        file.write_bytes(content)
        return list(read_source(Source("file", file, kind)))

    return read


def outcome(submitted: Submitted) -> tuple[int, str | None]:
    return submitted.line, submitted.problem or (submitted.article and submitted.article.text)


def test_jsonl_goes_on_after_bad_lines(read) -> None:
    content = (
        b'\xef\xbb\xbf{"text": "a"}\n\n{\n[1]\n{"txt": 1}\n{"text": 1}\n{"text": "a", "title": 1}\n'
        b'{"text": "a", "id": 1.5}\n{"text": "a", "id": true}\n{"text": "\xff"}\n"text"\n'
        b'{"text": "a", "content_type": "text/rtf"}\n{"text": "a", "id": "\\ud800"}\n'
        + b"[" * 100_000 + b"\n" + b'{"text": "b", "x": NaN}'
    )  # fmt: skip
    found = [outcome(each) for each in read("jsonl", content)]
    assert found[0] == (1, "a")
    assert found[-1] == (15, "b")
    problems = dict(found[1:-1])
    assert list(problems) == list(range(3, 15))
    for line, words in {
        3: "is not JSON",
        4: "is not an object",
        5: "text: is missing",
        6: "text: is missing or not a string",
        7: "title: is not a string",
        8: "id: is neither",
        9: "id: is neither",
        10: "is not UTF-8",
        11: "is not an object",
        12: "content_type: is neither",
        13: "id: has a lone surrogate",
        14: "nested too deeply",
    }.items():
        assert words in problems[line]


def test_ids_and_content_types(read) -> None:
    content = b'{"text": "a", "id": 7}\n{"text": "b", "id": "x", "content_type": "text/html"}\n'
    plain, page = read("jsonl", content)
    assert (plain.article.id, plain.html) == ("7", False)
    assert (page.article.id, page.html) == ("x", True)


def test_csv_counts_lines_and_goes_on_after_bad_records(read) -> None:
    content = (
        "id,text,title\n1,أول,\n2,\"ثان\nسطر\",عنوان\n3\n\n".encode()
        + b"4,\xff,\n5,,\n6,last,x\n"
    )  # fmt: skip
    found = read("csv", content)
    assert [outcome(each) for each in found] == [
        (2, "أول"),
        (3, "ثان\nسطر"),
        (5, "has fewer fields than the header"),
        (7, "text: is not UTF-8"),
        (8, "text: is missing or not a string"),
        (9, "last"),
    ]
    assert (found[0].article.title, found[1].article.title) == (None, "عنوان")


@pytest.mark.parametrize(
    ("kind", "content", "line", "words"),
    [
        ("csv", b"id,body\n1,a\n", 1, "no column text"),
        ("csv", b'text\na\n"b"c\n', 3, "cannot be read on"),
        ("parquet", b"PAR1 no", 1, "no Parquet file"),
        ("text", b"\xff", 1, "byte 0 is not UTF-8"),
        ("html", b"\xff", 1, "declares no charset"),
    ],
)
def test_what_cannot_be_read_says_so_last(read, kind, content, line, words) -> None:
    last = read(kind, content)[-1]
    assert last.line == line
    assert words in last.problem


def test_parquet_that_is_cut_off_gives_what_it_has_and_says_so(tmp_path, read) -> None:
    path = tmp_path / "whole.parquet"
    table = pyarrow.table({"text": [f"خبر {n}" for n in range(2000)], "views": range(2000)})
    pyarrow.parquet.write_table(table, path, row_group_size=500)
    assert len(read("parquet", path.read_bytes())) == 2000
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 400] = bytes(400)
    found = read("parquet", bytes(raw))
    assert found[0].article.text == "خبر 0"
    assert len(found) < 2001
    assert found[-1].problem


def test_parquet_without_texts(tmp_path, read) -> None:
    path = tmp_path / "other.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"body": ["a"]}), path)
    (only,) = read("parquet", path.read_bytes())
    assert "no column text" in only.problem
    pyarrow.parquet.write_table(pyarrow.table({"text": [None, "a"]}), path)
    assert [outcome(each) for each in read("parquet", path.read_bytes())] == [
        (1, "text: is missing or not a string"),
        (2, "a"),
    ]


def test_counts_are_those_of_the_progress_bar(tmp_path) -> None:
    for kind, content, count in [
        ("jsonl", b"{}\n\n{}", 2),
        ("csv", b'text\n"a\nb"\nc\n', 2),
        ("csv", b"body\na\n", None),
        ("text", b"a", 1),
        ("parquet", b"no", None),
    ]:
        file = tmp_path / "file"
        file.write_bytes(content)
        assert count_articles(Source("file", file, kind)) == count
    assert count_articles(Source("-", None, "jsonl")) is None
