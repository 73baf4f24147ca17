"""Files and folders that labelled articles are read from, beside those of test_articles."""

import datetime
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from training.articles import DataError, read_labelled

LABELS = ["migration", "cybersecurity"]
TEXT = "أعلنت السلطات عن عملية جديدة في المدينة."
ROWS = [
    {"id": "a", "text": TEXT, "labels": ["migration", "cybersecurity"], "unknown": []},
    {"id": "b", "text": TEXT + " ثانية", "labels": [], "unknown": ["migration"]},
]


def problem_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_labelled([path], LABELS)
    return caught.value.problems[0]


def test_a_datasets_folder_gives_what_the_same_jsonl_gives(tmp_path: Path) -> None:
    jsonl, folder = tmp_path / "d.jsonl", tmp_path / "d"
    jsonl.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    Dataset.from_list(ROWS).save_to_disk(folder)
    read = [read_labelled([path], LABELS) for path in (jsonl, folder)]
    assert read[0] == read[1]
    assert read[1][1].unknown == {"migration"}
    assert read[1][1].place == f"{folder}:2"


def test_labels_that_a_dataset_keeps_as_numbers_have_their_names(tmp_path: Path) -> None:
    features = Features({"text": Value("string"), "labels": List(ClassLabel(names=LABELS))})
    rows = [{"text": TEXT, "labels": [1]}, {"text": TEXT, "labels": []}]
    Dataset.from_list(rows, features=features).save_to_disk(tmp_path / "d")
    read = read_labelled([tmp_path / "d"], LABELS)
    assert [set(article.labels) for article in read] == [{"cybersecurity"}, set()]


def test_folders_that_are_no_whole_dataset(tmp_path: Path) -> None:
    several, other, cut, bare = (tmp_path / name for name in ("several", "other", "cut", "bare"))
    parts = {name: Dataset.from_list(ROWS) for name in ("train", "test")}
    DatasetDict(parts).save_to_disk(several)
    assert "has several splits; give one of them: test, train" in problem_of(several)
    assert len(read_labelled([several / "train"], LABELS)) == 2
    other.mkdir()
    assert "is no folder that save_to_disk" in problem_of(other)
    Dataset.from_list(ROWS).save_to_disk(cut)
    (arrow,) = cut.glob("*.arrow")
    arrow.write_bytes(arrow.read_bytes()[:-400])
    assert problem_of(cut).startswith(f"{cut}: is not a readable dataset: ")
    Dataset.from_list([{"text": TEXT}]).save_to_disk(bare)
    assert problem_of(bare) == f"{bare}: no column labels"


def test_a_json_array_is_read_by_record_and_its_faults_by_line(tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    file.write_text(json.dumps([*ROWS, {"text": TEXT, "labels": ["sport"]}]), "utf-8-sig")
    assert problem_of(file) == f"{file}:3: labels: unknown label 'sport'"
    file.write_text('[\n{"text": "x", "labels": []},\n{"text": \n]', "utf-8")
    assert problem_of(file) == f"{file}:4: is not JSON: Expecting value at column 1"
    file.write_text('{"text": "x", "labels": []}', "utf-8")
    assert problem_of(file) == f"{file}: is not a list of records"


def test_lines_in_windows_1256_are_told(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    row = json.dumps({"text": TEXT, "labels": []}, ensure_ascii=False)
    file.write_bytes(row.encode("cp1256"))
    assert problem_of(file) == (
        f"{file}:1: byte 10 is not UTF-8 but reads as windows-1256: iconv -f windows-1256 -t utf-8"
    )


def test_dates_of_parquet_columns_are_days(tmp_path: Path) -> None:
    file = tmp_path / "d.parquet"
    day = datetime.date(2025, 12, 21)
    rows = [{"text": TEXT, "labels": [], "date": day}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    (article,) = read_labelled([file], LABELS)
    assert (article.date, article.day) == ("2025-12-21", day)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-12-21", "2025-12-21"),
        ("2025-12-21T20:00:00+01:00", "2025-12-21"),
        ("2025-12", None),
        ("2018-2020", None),
        ("أمس", None),
        (None, None),
    ],
)
def test_days(tmp_path: Path, text: str | None, day: str | None) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text(json.dumps({"text": TEXT, "labels": [], "date": text}), "utf-8")
    (article,) = read_labelled([file], LABELS)
    assert (str(article.day) if article.day else None) == day
