"""Topics that were added, renamed, merged and removed: in data, manifest and comparison."""

import json
from pathlib import Path

import pytest

from rasid.artifact import read_artifact
from rasid.errors import TaxonomyError
from rasid.taxonomy import Taxonomy, read_taxonomy
from tests.training.runs import train
from training.articles import DataError, read_labelled
from training.topic_changes import comparable_labels, compare_topics

WORDS = {"ar": "تعريف", "en": "definition"}


def taxonomy(*topics: str, removed: tuple[str, ...] = (), **was: list[str]) -> Taxonomy:
    words = {"name": WORDS, "definition": WORDS, "excludes": WORDS, "iptc": []}
    tables = [{"id": topic, "was": was.get(topic, []), **words} for topic in topics]
    return Taxonomy.model_validate({"topics": tables, "removed": removed})


def write(file: Path, topics: dict[str, list[str]], removed: list[str]) -> Path:
    lines = [f"removed = {json.dumps(removed)}"]
    for topic, was in topics.items():
        lines += ["[[topics]]", f'id = "{topic}"', f"was = {json.dumps(was)}", "iptc = []"]
        lines += [
            f'{part}.{language} = "{topic}"'
            for part in ("name", "definition", "excludes")
            for language in ("ar", "en")
        ]
    file.write_text("\n".join(lines), "utf-8")
    return file


def test_every_kind_of_change_is_told() -> None:
    before = taxonomy("kept", "old", "one", "two", "gone", "absorbed", "absorbing")
    after = taxonomy(
        *("fresh", "new", "kept", "both", "absorbing"),
        removed=("gone",),
        new=["old"],
        both=["one", "two"],
        absorbing=["absorbed"],
    )
    found = {change.after or change.before: change for change in compare_topics(before, after)}
    assert [change.change for change in found.values()] == [
        *("added", "renamed", "same", "merged", "merged", "removed")
    ]
    assert found["both",].before == ("one", "two")
    assert found["both",].why == "one, two are read as both"
    assert found["absorbing",].before == ("absorbed", "absorbing")
    assert found["gone",].after == ()
    assert comparable_labels(before, after) == {"new": "old", "kept": "kept"}


def test_going_back_is_told_as_well() -> None:
    newer = taxonomy("new", "both", new=["old"], both=["one", "two"])
    older = taxonomy("old", "one", "two")
    assert comparable_labels(newer, older) == {"old": "new"}
    assert [change.change for change in compare_topics(newer, older)] == ["renamed", "split"]


def test_a_merger_that_both_know_of_is_past() -> None:
    both = taxonomy("both", both=["one", "two"])
    assert comparable_labels(both, both) == {"both": "both"}


def test_other_words_are_told_from_none() -> None:
    before = taxonomy("topic")
    words = {"ar": "آخر", "en": "another"}
    topic = before.topics[0].model_copy(update={"definition": before.topics[0].definition})
    other = topic.model_copy(update={"excludes": type(topic.excludes).model_validate(words)})
    (change,) = compare_topics(before, Taxonomy(topics=(other,)))
    assert (change.change, change.comparable) == ("redefined", True)
    assert compare_topics(before, Taxonomy(topics=(topic,)))[0].change == "same"


@pytest.mark.parametrize(
    ("topics", "removed", "message"),
    [
        ({"a": ["b"], "b": []}, [], "id given twice: b"),
        ({"a": ["c"], "b": ["c"]}, [], "id given twice: c"),
        ({"a": []}, ["a"], "id given twice: a"),
        ({"a": ["C"]}, [], "topics.0.was.0: String should match"),
    ],
)
def test_an_id_has_one_meaning(
    tmp_path: Path, topics: dict[str, list[str]], removed: list[str], message: str
) -> None:
    file = write(tmp_path / "t.toml", topics, removed)
    with pytest.raises(TaxonomyError, match=message):
        read_taxonomy(file)


def test_old_ids_in_data_are_read_as_the_topics_of_now(tmp_path: Path) -> None:
    topics = taxonomy("new", "both", removed=("gone",), new=["old"], both=["one", "two"])
    rows = [
        {"labels": ["old", "gone"], "unsure": ["old"]},
        {"labels": ["one", "two"], "unsure": ["two"]},
        {"labels": ["one"], "unknown": ["two"]},
        {"labels": [], "unknown": ["two", "gone"]},
        {"labels": ["both"]},
    ]
    file = tmp_path / "d.jsonl"
    file.write_text("\n".join(json.dumps({"text": "نص", **row}) for row in rows), "utf-8")
    notes: list[str] = []
    told = {"earlier": topics.earlier, "report": notes.append}
    found = read_labelled([file], topics.labels, **told)
    assert [article.labels for article in found] == [{"new"}, {"both"}, {"both"}, set(), {"both"}]
    # Unsure of one of two that are the same now: the other, of which nobody doubts, decides.
    assert [article.unsure for article in found] == [{"new"}, set(), set(), set(), set()]
    assert [article.unknown for article in found] == [set(), set(), set(), {"both"}, set()]
    assert notes == [
        f"{file}: gone is read as no topic, as its own was removed, in 2 articles",
        f"{file}: old is read as new in 1 articles",
        f"{file}: one is read as both in 2 articles",
        f"{file}: two is read as both in 3 articles",
    ]
    with pytest.raises(DataError, match="unknown label 'old'"):
        read_labelled([file], topics.labels)


def test_a_run_reads_old_ids_and_the_manifest_says_so(inputs: list[str], tmp_path: Path) -> None:
    topics = {"cyber": ["cybersecurity"], "migration": ["drug_trafficking"], "fresh": []}
    file = write(tmp_path / "t.toml", topics, ["gone"])
    version = train(inputs, tmp_path, "--taxonomy", str(file), "--version", "v1")
    manifest = read_artifact(version).manifest
    rows = [json.loads(line) for line in Path(inputs[0]).read_text("utf-8").splitlines()]
    given = [row["labels"] for row in rows]
    assert manifest.training["read_as"] == {
        "cybersecurity": {
            "label": "cyber",
            "articles": sum("cybersecurity" in labels for labels in given),
        },
        "drug_trafficking": {
            "label": "migration",
            "articles": sum("drug_trafficking" in labels for labels in given),
        },
    }
    merged = {"migration", "drug_trafficking"}
    assert manifest.data.labels["migration"] == sum(not merged.isdisjoint(g) for g in given)
    assert manifest.taxonomy.earlier["cybersecurity"] == "cyber"
    assert manifest.taxonomy.removed == ("gone",)
