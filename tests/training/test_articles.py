"""Reading labelled articles: what is accepted, and every problem by file and line."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from training.articles import DataError, articles_of, read_labelled
from training.duplicates import find_duplicates
from training.splits import split_articles

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
        json.dumps({"text": TEXT, "label": ["migration"]}).encode(),
        json.dumps({"text": TEXT, "labels": None}).encode(),
        json.dumps({"text": TEXT, "labels": [], "fold": 1.7}).encode(),
        json.dumps({"text": TEXT, "labels": [], "fold": True}).encode(),
        json.dumps({"text": TEXT, "labels": [], "fold": float("inf")}).encode(),
        b'{"fold": ' + b"1" * 5000 + b"}",
        b"[" * 100_000,
        json.dumps({"text": TEXT, "labels": [], "id": "\ud800"}).encode(),
        json.dumps({"text": TEXT, "labels": [], "unknown": ["sport"]}).encode(),
        json.dumps({"text": TEXT, "labels": LABELS, "unknown": "migration"}).encode(),
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
        (13, "labels: is missing or null"),
        (14, "labels: is missing or null"),
        (15, "fold: is not a whole number"),
        (16, "fold: is not a whole number"),
        (17, "fold: is not a whole number"),
        (18, "cannot be read: Exceeds the limit"),
        (19, "is nested too deeply"),
        (20, "id: has a lone surrogate"),
        (21, "unknown: unknown label 'sport'"),
        (22, "unknown: migration is among the labels, too"),
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
        (f"text,labels\n{TEXT},migration\n".encode("cp1256"), ":2: text: is not UTF-8"),
        (f"text,labels\n{TEXT},migration\n".encode("utf-16"), "line 1: is not UTF-8"),
        (b'text,labels\n"open,migration\n\n', "line 2: "),
        (b"", "line 1: no column labels, text"),
    ],
)
def test_bad_csv(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(content)
    assert message in problems_of(file)[0]


def test_every_problem_of_a_csv_is_at_the_line_its_record_begins_on(tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    lines = [
        *(b"text,labels", b"", f'"{TEXT}'.encode(), f'{TEXT}",sport'.encode(), b""),
        *(f"{TEXT},migration".encode("cp1256"), f'"{TEXT}'.encode(), b'",sport'),
    ]
    file.write_bytes(b"\n".join(lines))
    problems = [problem.removeprefix(f"{file}:") for problem in problems_of(file)]
    assert problems == [
        "3: labels: unknown label 'sport'",
        "6: text: is not UTF-8 but reads as windows-1256: iconv -f windows-1256 -t utf-8",
        "7: labels: unknown label 'sport'",
    ]


def test_an_empty_cell_is_no_label_and_null_is_no_answer(tmp_path: Path) -> None:
    csv, parquet = tmp_path / "d.csv", tmp_path / "d.parquet"
    csv.write_text(f"text,labels,unsure\n{TEXT},,\n", "utf-8")
    assert read_labelled([csv], LABELS)[0].labels == frozenset()
    rows = [{"text": TEXT, "labels": ["migration"]}, {"text": TEXT, "labels": None}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), parquet)
    (problem,) = problems_of(parquet)
    assert problem == f"{parquet}:2: labels: is missing or null; no topic is an empty list"


def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path: Path) -> None:
    jsonl, csv = tmp_path / "d.jsonl", tmp_path / "d.csv"
    jsonl.write_text(json.dumps({"id": "a", "text": TEXT, "labels": []}), "utf-8-sig")
    csv.write_text(f"id,text,labels\na,{TEXT},\n", "utf-8-sig")
    assert read_labelled([jsonl], LABELS) == read_labelled([csv], LABELS)


def test_folds_of_columns_with_gaps_are_whole_numbers(tmp_path: Path) -> None:
    parquet = tmp_path / "d.parquet"
    rows = [{"text": TEXT, "labels": [], "fold": fold} for fold in (3.0, None)]
    schema = pyarrow.schema(
        [
            ("text", pyarrow.string()),
            ("labels", pyarrow.list_(pyarrow.string())),
            ("fold", pyarrow.float64()),
        ]
    )
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), parquet)
    assert [article.fold for article in read_labelled([parquet], LABELS)] == [3, None]


def test_articles_without_id_are_split_alike_wherever_the_file_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deep" / "d.jsonl"
    file.parent.mkdir()
    texts = [" ".join(f"كلمة{row}م{word}" for word in range(9)) for row in range(40)]
    lines = [json.dumps({"text": text, "labels": []}) + "\n" for text in texts]
    file.write_text("".join(lines), "utf-8")
    monkeypatch.chdir(tmp_path)
    whole, relative = (read_labelled([path], LABELS) for path in (file, Path("deep/d.jsonl")))
    duplicates = find_duplicates(articles_of(whole))
    splits = [
        split_articles(articles, duplicates, test_fold=None, hold_out=True)
        for articles in (whole, relative)
    ]
    assert splits[0] == splits[1]
    assert splits[0].train[0].id.startswith("d.jsonl:")
    copy = tmp_path / "d.jsonl"
    copy.write_bytes(file.read_bytes())
    assert problems_of(file, copy)[0] == f"{copy}:1: id 'd.jsonl:1' is also at {file}:1"


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
    assert "is neither a dataset's folder nor one of .jsonl" in problems_of(other)[0]
    assert "no article in it" in problems_of(empty)[0]
