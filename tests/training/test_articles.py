"""Reading labelled articles: what is accepted, and every problem by file and line."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from training.articles import DataError, read_labelled

LABELS = ["migration", "cybersecurity"]
TEXT = "أعلنت السلطات عن عملية جديدة في المدينة."


def problems_of(*files: Path) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        read_labelled(files, LABELS)
    return caught.value.problems


def test_jsonl_csv_and_parquet_give_the_same_articles(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": TEXT, "labels": ["migration", "cybersecurity"], "title": "عنوان"},
        {"id": "b", "text": TEXT + "\nسطر «ثان», بفاصلة", "labels": [], "title": None},
    ]
    jsonl, csv, parquet = (tmp_path / f"d.{kind}" for kind in ("jsonl", "csv", "parquet"))
    jsonl.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    quoted = rows[1]["text"]
    csv.write_text(
        f'id,title,text,labels\na,عنوان,{TEXT},migration|cybersecurity\nb,,"{quoted}",\n', "utf-8"
    )
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), parquet)
    read = [read_labelled([file], LABELS) for file in (jsonl, csv, parquet)]
    assert read[0] == read[1] == read[2]
    assert read[0][0].labels == {"migration", "cybersecurity"}
    assert read[0][1].article.title is None


def test_all_problems_are_listed_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    lines = [
        json.dumps({"id": "ok", "text": TEXT, "labels": []}).encode(),
        json.dumps({"text": TEXT, "labels": ["sport"]}).encode(),
        json.dumps({"text": "  ", "labels": []}).encode(),
        json.dumps({"text": 7, "labels": []}).encode(),
        json.dumps({"text": TEXT, "labels": 3}).encode(),
        b"{not json",
        b'{"text": "\xc7\xe1", "labels": []}',
        json.dumps({"id": "ok", "text": TEXT, "labels": []}).encode(),
        b"[]",
        json.dumps({"text": TEXT, "labels": [], "fold": "x"}).encode(),
        json.dumps({"text": TEXT, "labels": [], "title": 5}).encode(),
        json.dumps({"text": "a\u0000b", "labels": []}).encode(),
    ]
    file.write_bytes(b"\n".join(lines))
    missing = tmp_path / "missing.jsonl"
    found = problems_of(file, missing)
    expected = [
        (2, "unknown label 'sport'"),
        (3, "text: is empty"),
        (4, "text: is missing or not a string"),
        (5, "labels: is neither"),
        (6, "is not JSON"),
        (7, "byte 10 is not UTF-8"),
        (8, "id 'ok' is also at"),
        (9, "is not an object"),
        (10, "fold: is not a whole number"),
        (11, "title: is not a string"),
        (12, "text: has a NUL character"),
    ]
    assert len(found) == len(expected) + 1
    for problem, (line, message) in zip(found, expected, strict=False):
        assert problem.startswith(f"{file}:{line}: ")
        assert message in problem
    assert str(missing) in found[-1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"text\n{TEXT}\n".encode(), "no column labels"),
        (f"text,labels\n{TEXT},migration,more\n".encode(), ":2: has more fields"),
        (f"text,labels\n{TEXT}\n".encode(), ":2: has fewer fields"),
        (f"text,labels\n{TEXT},migration\n".encode("cp1256"), "line 2: byte 12 is not UTF-8"),
        (b'text,labels\n"open,migration\n', "line 2: "),
    ],
)
def test_bad_csv(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(content)
    assert message in problems_of(file)[0]


def test_truncated_parquet(tmp_path: Path) -> None:
    file = tmp_path / "d.parquet"
    table = pyarrow.Table.from_pylist([{"text": TEXT, "labels": ["migration"]}] * 50)
    pyarrow.parquet.write_table(table, file)
    file.write_bytes(file.read_bytes()[:-20])
    assert "is not a readable Parquet file" in problems_of(file)[0]


def test_unknown_kind_of_file_and_empty_file(tmp_path: Path) -> None:
    other, empty = tmp_path / "d.xlsx", tmp_path / "d.jsonl"
    other.touch()
    empty.touch()
    assert "is none of .jsonl" in problems_of(other)[0]
    assert "no article in it" in problems_of(empty)[0]
