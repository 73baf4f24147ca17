"""Exports of annotation tools as rows with `text` and `labels`.

The forms are those that the tools' own exporters write: Label Studio 1.x 'JSON' (tasks with
`data` and `annotations`), doccano 1.8 'JSONL' of text classification, and Argilla 2.x records,
nested (`to_json`, `to_disk`) or as a dataset's columns (`to_datasets`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, get_args

from training.records import LABEL_SEPARATOR, RESPONSES, Records

DataFormat = Literal["detect", "plain", "label-studio", "doccano", "argilla"]
DATA_FORMATS: tuple[DataFormat, ...] = get_args(DataFormat)

UNANSWERED = object()
"""In the place of a row: nobody has annotated the record yet, or it was skipped."""

# Fields of an article that a tool carries along as data or metadata.
_CARRIED = ("title", "text", "date", "fold", "unsure", "unknown")
_LABELS, _UNSURE, _UNKNOWN = "labels", "unsure", "unknown"
_UNFINISHED = {"draft", "discarded"}


@dataclass(frozen=True)
class Vote:
    """One annotator's answers: labels given, not sure of, and left undecided."""

    given: frozenset[str]
    unsure: frozenset[str] = field(default_factory=frozenset)
    unknown: frozenset[str] = field(default_factory=frozenset)


def rows_of(records: Records, data_format: DataFormat) -> Records:
    """Yield a row for every record, by its number; `UNANSWERED` for one without an annotation.

    With 'detect' the first record tells the format. Raises `ValueError` where that is one
    that cannot be read, or does not tell which of several questions is the topics'.
    """
    first = next(records, None)
    if first is None:
        return
    whole = chain([first], records)
    found = _detect(first[1]) if data_format == "detect" else data_format
    if found == "plain":
        yield from whole
        return
    convert = {"label-studio": _label_studio, "doccano": _doccano, "argilla": _argilla}[found]
    yield from convert(whole)


def _detect(record: Any) -> DataFormat:
    if not isinstance(record, dict):
        return "plain"
    if {"data", "annotations"} <= set(record):
        return "label-studio"
    if {"annotator", "annotation_id"} <= set(record):
        raise ValueError("is Label Studio's JSON-MIN, which drops answers; export as JSON")
    if {"fields", "responses"} <= set(record) or any(key.endswith(RESPONSES) for key in record):
        return "argilla"
    return "doccano" if isinstance(record.get("label"), list) and _LABELS not in record else "plain"


def _doccano(records: Iterable[tuple[int, Any]]) -> Records:
    for number, record in records:
        if not isinstance(record, dict):
            yield number, record
            continue
        row = {name: value for name, value in record.items() if name != "label"}
        row[_LABELS] = record.get("label")
        if isinstance(row.get("id"), int):
            row["id"] = f"doccano-{row['id']}"
        yield number, row


def _label_studio(records: Iterable[tuple[int, Any]]) -> Records:
    tasks = list(records)
    broken = "is no task of Label Studio: it needs data and a list of annotations"
    answers: dict[int, list[dict[str, list[str]]]] = {}
    for number, task in tasks:
        if isinstance(task, dict) and isinstance(task.get("data"), dict):
            answers[number] = list(_choices(task.get("annotations")))
    topics = _topics_question(name for given in answers.values() for each in given for name in each)
    for number, task in tasks:
        if number not in answers or not isinstance(task.get("annotations"), list):
            yield number, task if isinstance(task, str) else broken
            continue
        row = {name: task["data"][name] for name in _CARRIED if name in task["data"]}
        row["id"] = str(task["data"].get("id") or f"label-studio-{task.get('id')}")
        yield number, _decided(row, answers[number], topics)


def _choices(annotations: Any) -> Iterator[dict[str, list[str]]]:
    """Choices by the name of their control, of every annotation that counts.

    A skipped one does not; where there is a ground truth, nothing else does.
    """
    finished = [a for a in _objects(annotations) if not a.get("was_cancelled")]
    truths = [annotation for annotation in finished if annotation.get("ground_truth")]
    for annotation in truths or finished:
        answers: dict[str, list[str]] = {}
        for result in _objects(annotation.get("result")):
            value = result.get("value")
            if result.get("type") == "choices" and isinstance(value, dict):
                chosen = map(str, value.get("choices") or [])
                answers.setdefault(str(result.get("from_name")), []).extend(chosen)
        yield answers


def _objects(values: Any) -> list[dict[str, Any]]:
    found = values if isinstance(values, list) else []
    return [value for value in found if isinstance(value, dict)]


def _argilla(records: Iterable[tuple[int, Any]]) -> Records:
    nested = [(number, _nested(record)) for number, record in records]
    broken = "is no record of Argilla: it needs fields and responses"
    answers = {
        number: _answers(record["responses"])
        for number, record in nested
        if isinstance(record, dict) and isinstance(record.get("responses"), dict)
    }
    topics = _topics_question(name for given in answers.values() for each in given for name in each)
    for number, record in nested:
        if number not in answers or not isinstance(record.get("fields"), dict):
            yield number, record if isinstance(record, str) else broken
            continue
        metadata = record.get("metadata")
        carried = (metadata if isinstance(metadata, dict) else {}) | record["fields"]
        row = {name: carried[name] for name in _CARRIED if name in carried}
        row["id"] = record.get("id")
        given = [each for each in answers[number] if topics in each]
        yield number, _decided(row, given, topics)


def _nested(record: Any) -> Any:
    """A record in the form of `to_json`, also where it came as a dataset's columns."""
    columns = [c for c in record if c.endswith(RESPONSES)] if isinstance(record, dict) else []
    if not columns:
        return record
    responses: dict[str, list[dict[str, Any]]] = {}
    for column in columns:
        values = record[column] or []
        users, statuses = (
            record.get(f"{column}.{name}") or [None] * len(values) for name in ("users", "status")
        )
        responses[column.removesuffix(RESPONSES)] = [
            {"value": value, "user_id": user, "status": status}
            for value, user, status in zip(values, users, statuses, strict=True)
        ]
    return {"id": record.get("id"), "fields": record, "responses": responses}


def _answers(responses: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """The answers of each annotator to questions whose answers are labels."""
    users: dict[Any, dict[str, list[str]]] = {}
    for question, given in responses.items():
        for response in _objects(given):
            value = response.get("value")
            if response.get("status") in _UNFINISHED or value is None:
                continue
            if question == _LABELS and isinstance(value, str):
                value = [value]
            if isinstance(value, list) and all(isinstance(label, str) for label in value):
                users.setdefault(response.get("user_id"), {})[question] = value
    return list(users.values())


def _topics_question(names: Iterable[str]) -> str:
    found = sorted(set(names) - {_UNSURE, _UNKNOWN})
    if _LABELS in found or not found:
        return _LABELS
    if len(found) > 1:
        raise ValueError(
            f"asks for labels under several names ({', '.join(found)}); "
            f"call the one for the topics {_LABELS!r}"
        )
    return found[0]


def _decided(row: dict[str, Any], answers: Sequence[Mapping[str, list[str]]], topics: str) -> Any:
    """The row with what its annotators say together, or `UNANSWERED` where there is none."""
    if not answers:
        return UNANSWERED
    votes = [
        Vote(*(frozenset(answer.get(name, ())) for name in (topics, _UNSURE, _UNKNOWN)))
        for answer in answers
    ]
    if contradicted := sorted(label for vote in votes for label in vote.given & vote.unknown):
        return f"unknown: {', '.join(contradicted)} is given by the same annotator"
    for name, labels in _merge(votes).items():
        row[name] = [*labels, *_listed(row.get(name))]
    return row


def _listed(carried: Any) -> list[Any]:
    if isinstance(carried, str):
        return carried.split(LABEL_SEPARATOR)
    return carried if isinstance(carried, list) else []


def _merge(votes: Sequence[Vote]) -> dict[str, list[str]]:
    """What holds by the majority; unsure where they differ; unknown where there is none.

    Who left a label undecided has no vote on it. A tie decides nothing.
    """
    yes = Counter(label for vote in votes for label in vote.given)
    abstained = Counter(label for vote in votes for label in vote.unknown)
    merged: dict[str, list[str]] = {_LABELS: [], _UNSURE: [], _UNKNOWN: []}
    doubted = frozenset[str]().union(*(vote.unsure for vote in votes))
    for label in sorted(yes.keys() | abstained.keys() | doubted):
        no = len(votes) - yes[label] - abstained[label]
        if yes[label] == no:
            merged[_UNKNOWN].append(label)
            continue
        if yes[label] > no:
            merged[_LABELS].append(label)
        if label in doubted or min(yes[label], no) > 0:
            merged[_UNSURE].append(label)
    return merged
