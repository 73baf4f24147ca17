"""The report on labelled data, and the faults it is there to catch."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rasid.taxonomy import read_taxonomy
from tests.tiny import ROOT, write_articles
from training.articles import articles_of, collect_labelled
from training.check import main, parse_options
from training.check_text import full_text, summary
from training.checks import DataReport, check_data
from training.duplicates import find_duplicates

LABELS = read_taxonomy(ROOT / "data" / "taxonomy.toml").labels
FRENCH = "Le ministre a annoncé mardi une nouvelle opération contre les passeurs. " * 3
PATIENCE = 120.0


def report_on(file: Path) -> DataReport:
    found = collect_labelled([file], LABELS)
    duplicates = find_duplicates(articles_of(found.articles))
    return check_data([file.name], found, LABELS, duplicates)


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    lines = write_articles(tmp_path / "made.jsonl", count=40).read_text("utf-8").splitlines()
    return [json.loads(line) | {"fold": None} for line in lines]


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    file = folder / "d.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return file


def test_counts_of_everything(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    rows[1] |= {"labels": ["migration", "cybersecurity"], "unsure": ["migration"]}
    rows[2] |= {"labels": [], "unknown": ["cybersecurity"], "date": "2025-12-21"}
    rows[3] |= {"labels": ["cybersecurity", "migration"], "date": "2024-01"}
    rows[4] |= {"text": FRENCH, "date": "2018-2020"}
    rows[5] |= {"text": rows[5]["text"] + "\n\nجميع الحقوق محفوظة", "date": "2026-01-18T21:00"}
    report = report_on(written(tmp_path, rows))
    given = [row["labels"] for row in rows]
    assert report.articles == 40
    assert report.without_label == sum(not labels for labels in given)
    count = report.labels["cybersecurity"]
    assert count.positives == sum("cybersecurity" in labels for labels in given)
    assert (count.unknown, report.labels["migration"].unsure) == (1, 1)
    assert list(report.labels) == list(LABELS)
    both = sum({"cybersecurity", "migration"} <= set(labels) for labels in given)
    assert report.pairs["cybersecurity", "migration"] == both >= 2
    assert report.languages == {"Arabic": 39, "mixed": 0, "hardly Arabic": 1}
    assert report.furniture["articles"] == 1
    assert report.words["shortest"] <= report.words["median"] <= report.words["longest"]
    assert report.dates == {
        **{"with a day": 2, "with a month or year only": 1, "without": 36, "unreadable": 1},
        **{"first": "2025-12-21", "last": "2026-01-18"},
        "years": {"2024": 1, "2025": 1, "2026": 1},
    }
    assert report.warnings["dates"] == (
        f"{tmp_path}/d.jsonl:5: date: '2018-2020' is no day, month or year",
    )
    (text,) = report.warnings["texts"]
    assert text == f"{tmp_path}/d.jsonl:5: text: is hardly Arabic (0% of its letters)"
    assert not any(report.problems.values())
    json.dumps(report.as_json())
    assert "cybersecurity + migration" in full_text(report)
    assert "texts: 1, the first: " in summary(report)


def test_duplicates_and_contradictory_labels(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    original = rows[1] | {"labels": ["migration"]}
    rows[1] = original
    again = original["text"]
    marked = again.replace("ا", "اَ")
    rows += [
        {"id": "same", "text": f"{marked}\n\nجميع الحقوق محفوظة", "labels": ["drug_trafficking"]},
        {"id": "longer", "text": f"{again} {again} وأضاف المصدر.", "labels": ["migration"]},
        {"id": "doubted", "text": again, "labels": [], "unsure": ["migration"]},
        {"id": "undecided", "text": again, "labels": [], "unknown": ["migration"]},
    ]
    report = report_on(written(tmp_path, rows))
    counts, place = report.duplicates, f"{tmp_path}/d.jsonl"
    assert counts.articles == 5
    assert (counts.pairs, counts.same_words) == (10, 6)
    assert counts.groups == (tuple(f"{place}:{line}" for line in (2, 41, 42, 43, 44)),)
    contradictions = report.warnings["near-duplicates labelled otherwise"]
    assert contradictions[0] == (
        f"{place}:2: has the same words as {place}:41, but only one of them is labelled "
        "drug_trafficking, migration"
    )
    # Nothing contradicts those that are unsure or undecided about migration.
    assert len(contradictions) == 4
    assert sum("drug_trafficking" in line for line in contradictions) == 4
    assert "near-duplicates labelled otherwise: 4" in full_text(report)


def test_a_label_without_positives_and_one_with_few(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    warnings = report_on(written(tmp_path, rows)).warnings["labels with few articles"]
    assert "armed_conflict: no article has it; a model of this data never assigns it" in warnings
    assert any(line.startswith("migration: ") and "under 50" in line for line in warnings)


def test_near_duplicates_in_several_folds_are_a_problem(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    rows[0]["fold"], rows[1]["fold"] = 0, 1
    rows[1]["text"] = rows[0]["text"] + " وأضاف."
    (leak,) = report_on(written(tmp_path, rows)).problems["near-duplicates in several folds"]
    assert leak.startswith(f"{tmp_path}/d.jsonl:1: 'made-0' (fold 0) is nearly the same as")


def check(*told: str | Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "training" / "check.py"
    return subprocess.run(
        [sys.executable, script, *told],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_script_prints_and_saves_what_it_found(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    good, bad = written(tmp_path, rows), tmp_path / "bad.csv"
    text = rows[1]["text"]
    bad.write_bytes(f"text,labels\n{text},migration\n".encode("cp1256"))
    found = check(good, bad, "--out", tmp_path / "out" / "report")
    assert found.returncode == 1
    problem = f"{bad}:2: text: is not UTF-8 but reads as windows-1256"
    assert problem in found.stdout
    saved = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert saved["problems"]["records"][0].startswith(problem)
    assert saved["articles"] == 40
    assert found.stdout.startswith((tmp_path / "out" / "report.txt").read_text("utf-8"))
    assert "Traceback" not in found.stderr


def test_the_code_is_0_where_there_are_warnings_only(
    tmp_path: Path, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(written(tmp_path, rows)).returncode == 0
    assert (tmp_path / "data-check.txt").is_file()
    lost = check(tmp_path / "missing.jsonl")
    assert lost.returncode == 1
    assert "missing.jsonl: " in lost.stdout


def test_held_out_articles_may_not_come_again(
    tmp_path: Path, rows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = tmp_path / "gate.jsonl"
    copy = {"id": "gate-1", "text": rows[7]["text"] + " وأضاف.", "labels": []}
    held_out.write_text(json.dumps(copy), "utf-8")
    data = written(tmp_path, rows)
    told = [str(data), "--held-out", str(held_out), "--out", str(tmp_path / "report")]
    (leak,) = main(parse_options(told)).problems["near-duplicates of held-out articles"]
    assert leak == (
        f"{data}:8: 'made-7' (data) is nearly the same as 'gate-1' (held out) at {held_out}:1"
    )
    assert leak in capsys.readouterr().out


def test_articles_of_this_repository_are_sound(tmp_path: Path) -> None:
    data, gate = (str(ROOT / "data" / name) for name in ("articles.jsonl", "gate.jsonl"))
    told = [data, "--held-out", gate, "--out", str(tmp_path / "report")]
    report = main(parse_options(told))
    assert not any(report.problems.values())
    assert not report.warnings["near-duplicates labelled otherwise"]
