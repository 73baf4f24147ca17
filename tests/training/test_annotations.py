"""Exports of annotation tools, in the forms their own exporters write."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from training.annotations import DataFormat
from training.articles import DataError, LabelledArticle, read_labelled

LABELS = ["migration", "cybersecurity", "armed_conflict"]
TEXT = "أعلنت السلطات عن عملية جديدة في المدينة."


def written(file: Path, content: Any) -> Path:
    """Content as JSON, or as JSON lines where the name says so."""
    if file.suffix == ".jsonl":
        file.write_text("\n".join(json.dumps(row) for row in content), "utf-8")
    else:
        file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return file


def read(path: Path, data_format: DataFormat = "detect") -> list[LabelledArticle]:
    return read_labelled([path], LABELS, data_format)


def problem_of(path: Path, data_format: DataFormat = "detect") -> str:
    with pytest.raises(DataError) as caught:
        read(path, data_format)
    return caught.value.problems[0]


def choices(name: str, *chosen: str) -> dict[str, Any]:
    """What Label Studio writes of a Choices control."""
    value = {"choices": list(chosen)}
    return {
        **{"id": "Xy1", "type": "choices", "value": value, "origin": "manual"},
        **{"from_name": name, "to_name": "text"},
    }


def annotation(*results: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        **{"id": 7, "completed_by": 1, "result": list(results), "was_cancelled": False},
        **{"ground_truth": False, "lead_time": 4.2, "result_count": len(results), **changes},
    }


def task(number: int, *annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {
        **{"id": number, "annotations": list(annotations), "file_upload": "a.json", "drafts": []},
        **{"predictions": [], "data": {"text": TEXT, **data}, "meta": {}, "project": 3},
    }


def test_label_studio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = annotation(choices("topics", "migration", "cybersecurity"))
    tasks = [
        task(11, given, title="عنوان", date="2025-12-21", fold=2, unknown=["armed_conflict"]),
        task(12, annotation(), id=2012),
        task(13, annotation(choices("topics", "migration"), was_cancelled=True)),
        task(14),
    ]
    file = written(tmp_path / "export.json", tasks)
    first, second = read(file)
    assert (first.id, second.id) == ("label-studio-11", "2012")
    assert first.labels == {"migration", "cybersecurity"}
    assert (first.article.title, first.date, first.fold) == ("عنوان", "2025-12-21", 2)
    assert first.unknown == {"armed_conflict"}
    # Submitted with nothing chosen: no topic holds. Skipped, or not seen by anybody: nobody knows.
    assert second.labels == second.unknown == frozenset()
    assert capsys.readouterr().out == f"{file}: 2 records without an annotation are left out\n"


def test_annotators_together(tmp_path: Path) -> None:
    votes = [
        annotation(choices("labels", "migration", "cybersecurity"), choices("unsure", "migration")),
        annotation(choices("labels", "migration"), choices("unknown", "armed_conflict")),
        annotation(choices("labels", "migration"), choices("unknown", "cybersecurity")),
    ]
    majority, truth, undecided = read(
        written(
            tmp_path / "export.json",
            [
                task(1, *votes),
                task(2, *votes, annotation(choices("labels", "armed_conflict"), ground_truth=True)),
                task(3, annotation(choices("unknown", "migration"))),
            ],
        )
    )
    assert majority.labels == {"migration"}
    assert majority.unsure == {"migration"}
    # One says yes, one no, one nothing. Of the last label two know that it does not hold.
    assert majority.unknown == {"cybersecurity"}
    assert (truth.labels, truth.unsure, truth.unknown) == ({"armed_conflict"}, set(), set())
    assert (undecided.labels, undecided.unknown) == (set(), {"migration"})


def test_faults_of_label_studio_exports(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    good = task(1, annotation(choices("topics", "migration")))
    written(file, [good, task(2, annotation(choices("topics", "sport"))), {"data": {}}, 5])
    with pytest.raises(DataError) as caught:
        read(file)
    needed = "is no task of Label Studio: it needs data and a list of annotations"
    assert list(caught.value.problems) == [
        f"{file}:2: labels: unknown label 'sport'",
        f"{file}:3: {needed}",
        f"{file}:4: {needed}",
    ]
    written(file, [task(1, annotation(choices("topics", "migration"), choices("tone", "calm")))])
    assert "asks for labels under several names (tone, topics)" in problem_of(file)
    both = annotation(choices("topics", "migration"), choices("unknown", "migration"))
    assert "unknown: migration is given by the same" in problem_of(written(file, [task(1, both)]))
    flat = {"text": TEXT, "topics": "migration", "annotator": 1, "annotation_id": 7}
    assert "JSON-MIN" in problem_of(written(file, [flat]))


def test_doccano(tmp_path: Path) -> None:
    rows = [
        {"id": 5, "text": TEXT, "date": "2025-12-21", "label": ["migration"], "Comments": []},
        {"id": 6, "text": TEXT, "unknown": ["migration"], "label": [], "Comments": ["صعب"]},
    ]
    first, second = read(written(tmp_path / "all.jsonl", rows))
    assert (first.id, first.labels, first.date) == ("doccano-5", {"migration"}, "2025-12-21")
    assert (second.labels, second.unknown) == (set(), {"migration"})
    assert read(written(tmp_path / "all.json", rows)) == [first, second]
    spans = [{"id": 5, "text": TEXT, "label": [[0, 5, "migration"]]}]
    assert "labels: is neither a list" in problem_of(written(tmp_path / "spans.jsonl", spans))
    # A file that is told to be plain is not guessed at.
    assert "1: id: is not a string" in problem_of(tmp_path / "all.jsonl", "plain")


def argilla_record(name: str, responses: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        **{"id": name, "fields": {"text": TEXT, "title": "عنوان"}, "metadata": metadata},
        **{"suggestions": {}, "responses": responses, "vectors": {}},
        # What version 2.0 writes whatever the state.
        **{"status": "pending", "_server_id": "2246fa4f"},
    }


def response(user: str, *value: str) -> dict[str, Any]:
    return {"value": list(value), "user_id": user}


def test_argilla_records_nested(tmp_path: Path) -> None:
    comment = [{"value": "صعب", "user_id": "u"}]
    records = [
        argilla_record(
            "r1",
            {"topics": [response("u", "migration")], "comment": comment},
            **{"date": "2025-12-21", "unknown": "cybersecurity|armed_conflict"},
        ),
        argilla_record("r2", {"topics": [response("u", "migration"), response("v")]}),
        argilla_record("r3", {"comment": comment}),
    ]
    file = written(tmp_path / "records.json", records)
    first, second = read(file)
    assert (first.id, first.labels, first.article.title) == ("r1", {"migration"}, "عنوان")
    assert first.unknown == {"cybersecurity", "armed_conflict"}
    assert first.date == "2025-12-21"
    assert (second.labels, second.unknown) == (set(), {"migration"})
    # `Dataset.to_disk` puts the same file into a folder.
    assert read(tmp_path) == [first, second]


def test_argilla_records_as_columns(tmp_path: Path) -> None:
    columns = {
        "id": ["r1", "r2", "r3"],
        "text": [TEXT, TEXT, TEXT],
        "date": ["2025-12-21", None, None],
        "_server_id": ["1", "2", "3"],
        "topics.responses": [[["migration"]], [["migration"], ["cybersecurity"]], None],
        "topics.responses.users": [["u"], ["u", "v"], None],
        "topics.responses.status": [["submitted"], ["discarded", "submitted"], None],
        "topics.suggestion": [["armed_conflict"], None, None],
    }
    Dataset.from_dict(columns).save_to_disk(tmp_path / "d")
    Dataset.from_dict(columns).to_parquet(str(tmp_path / "d.parquet"))
    first, second = read(tmp_path / "d")
    assert (first.labels, second.labels) == ({"migration"}, {"cybersecurity"})
    assert first.date == "2025-12-21"
    assert read(tmp_path / "d.parquet") == [first, second]


def test_faults_of_argilla_exports(tmp_path: Path) -> None:
    record = argilla_record("r1", {"topics": [response("u", "sport")]})
    file = written(tmp_path / "records.json", [record, {"id": "r2"}])
    with pytest.raises(DataError) as caught:
        read(file)
    assert list(caught.value.problems) == [
        f"{file}:1: labels: unknown label 'sport'",
        f"{file}:2: is no record of Argilla: it needs fields and responses",
    ]
    none = argilla_record("r1", {"topics": []})
    assert "no article in it" in problem_of(written(file, [none]))
