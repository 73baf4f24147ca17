"""Whole runs with a gate: trained, compared with what is served, reported on, and served or not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rasid.artifact import CURRENT, read_artifact
from rasid.errors import ArtifactMissing
from tests.tiny import ROOT
from tests.training.runs import LEARNING, Runs, train
from training import compare
from training.page import render_page
from training.promotion import roll_back
from training.trial import LINEAR, ON_GATE

PATIENCE = 300.0


def test_the_first_version_is_served_and_says_that_nothing_was_before(runs: Runs) -> None:
    assert (runs.models / CURRENT).resolve() == runs.first
    promotion = runs.promotion("v1")
    assert promotion.judged
    assert (promotion.against, promotion.replaces, promotion.forced) == (None, None, False)
    assert promotion.refusals == ()


def test_the_manifest_has_the_gate_and_the_linear_model(runs: Runs) -> None:
    manifest = read_artifact(runs.first).manifest
    metrics, measured_on = manifest.metrics, manifest.data.articles["test"]
    rows = [(each.model, each.articles, each.data == ON_GATE) for each in metrics]
    assert rows[3:] == [
        ("int8, as served", 120, True),
        (LINEAR, 120, True),
        (LINEAR, measured_on, False),
    ]
    assert metrics[3].micro_f1 > 0.8


def test_a_candidate_of_shuffled_labels_is_refused_by_name_and_numbers(runs: Runs) -> None:
    assert (runs.models / CURRENT).resolve() == runs.first
    promotion = runs.promotion("shuffled")
    assert (promotion.against, promotion.replaces) == ("v1", "v1")
    lines = runs.refused.splitlines()
    assert lines[0] == f"{runs.models / 'shuffled'}: is kept but not served; v1 still is:"
    assert [line.strip() for line in lines[1:-2]] == list(promotion.refusals)
    assert lines[-2] == f"report: {runs.models}/reports/shuffled.html"
    for about in ("micro-F1", "macro-F1", "cybersecurity: F1", "migration: F1"):
        assert any(line.startswith(f"  gate.jsonl: {about} ") for line in lines), about


def test_the_report_has_all_of_it(runs: Runs) -> None:
    report = runs.report("shuffled")
    assert report["verdict"]["against"] == "v1"
    assert not report["verdict"]["served"]
    gate, test = report["sets"]
    assert (gate["name"], gate["articles"], test["name"]) == ("gate.jsonl", 120, "test part")
    assert test["why_not"] == ""
    assert set(gate["models"]) == {"candidate", "fp32", "linear", "served"}
    assert gate["models"]["served"]["micro"]["low"] > gate["models"]["candidate"]["micro"]["high"]
    assert gate["comparison"]["labels"]["migration"]["outcome"] == "worse"
    assert gate["comparison"]["labels"]["organized_crime"]["outcome"] == "cannot be judged"
    assert gate["hardest"][0]["wrong"]
    assert gate["curves"]["served"]["migration"]["precision_recall"]
    assert report["flips"]["counts"]["now wrong"] > 20
    worst = report["flips"]["worst"][0]
    assert worst["effect"] == "now wrong"
    assert worst["before"]["evidence"] or worst["after"]["evidence"]
    assert report["quantisation"]["decisions"] == (120 + test["articles"]) * 11
    assert report["speed"]["ratio"] > 0
    # Of a process that imports no torch.
    assert all(10 < mib < 500 for mib in report["memory"].values())
    assert report["data"]["articles"] == 240
    assert any(metrics["review"] for metrics in report["metrics"])
    lines = (runs.models / "reports" / "shuffled.flips.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == sum(report["flips"]["counts"].values())


def test_the_page_needs_nothing_else_and_is_in_both_languages(runs: Runs) -> None:
    for version in ("v1", "shuffled"):
        page = (runs.models / "reports" / f"{version}.html").read_text("utf-8")
        assert "http" not in page.replace("http-equiv", "")
        assert "src=" not in page
        assert page.count('<span lang="ar">') > 100
    assert "Refused: this version is kept, but not served" in page
    assert "مرفوض" in page


def test_texts_of_articles_are_never_markup(runs: Runs) -> None:
    report = runs.report("v1")
    report["sets"][0]["hardest"][0]["text"] = "<script>alert(1)</script>"
    page = render_page(report)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_force_serves_what_the_gate_refuses_is_recorded_and_can_be_taken_back(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.gate.MAX_SLOWER", 0.0)
    told = [str(runs.folder / "shuffled" / "articles.jsonl"), *runs.inputs[1:]]
    version = train(told, runs.folder, *LEARNING, "--version", "forced", "--resume", "--force")
    assert (runs.models / CURRENT).resolve() == version
    promotion = runs.promotion("forced")
    assert (promotion.forced, promotion.against, promotion.replaces) == (True, "v1", "v1")
    assert any("times slower than the served version" in line for line in promotion.refusals)
    assert runs.report("forced")["verdict"]["served"]
    assert roll_back(runs.models) == runs.first
    assert (runs.models / CURRENT).resolve() == runs.first


def test_two_versions_are_compared_by_a_command(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [str(runs.models / "shuffled"), str(runs.first), "--articles"]
    told += [str(runs.folder / "gate.jsonl"), "--flips", str(tmp_path / "flips.jsonl")]
    comparison = compare.main(compare.parse_options(told))
    assert comparison is not None
    assert comparison.labels["migration"].outcome == "worse"
    printed = capsys.readouterr().out
    manifest = read_artifact(runs.first).manifest
    assert f"rasid v1 on 120 articles: gate.jsonl\n{'label':24}" in printed
    assert f"micro-F1 {manifest.metrics[3].micro_f1:.3f}, macro-F1" in printed
    assert f"all of them, with evidence: {tmp_path}/flips.jsonl" in printed
    flips = [json.loads(line) for line in (tmp_path / "flips.jsonl").read_text().splitlines()]
    assert f"\n{len(flips)} decisions changed: " in printed
    assert flips[0]["effect"] == "now wrong"


def test_what_is_no_version_is_named(runs: Runs) -> None:
    for folder in (runs.folder, runs.folder / "nothing"):
        with pytest.raises(ArtifactMissing, match=f"^{folder}: "):
            compare.main(compare.parse_options([str(folder)]))


@pytest.mark.slow
def test_a_refused_run_ends_with_3(runs: Runs) -> None:
    script = str(ROOT / "training" / "train.py")
    told = ["--version", "again", "--resume", "--against", str(runs.first)]
    command = [sys.executable, script, str(runs.folder / "shuffled" / "articles.jsonl")]
    command += [
        *runs.inputs[1:],
        *LEARNING,
        "--out",
        str(runs.models),
        "--work",
        str(runs.folder / "work"),
    ]
    done = subprocess.run(
        [*command, *told], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1].startswith("serve it all the same: --resume --force")
    assert (runs.models / CURRENT).resolve() == runs.first
