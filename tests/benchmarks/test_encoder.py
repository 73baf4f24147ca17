"""The comparison of encoders: every kind of row, fitted once, measured and shown."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import encoder as benchmark
from benchmarks import fitting
from tests.benchmarks.made import ABOVE, Answer, cells_in, inputs, run
from tests.training.made import LABELS


def test_every_kind_of_row_is_fitted_and_compared(place: Path, fitted: Answer) -> None:
    interval = r"[+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\]"
    for row in ("frozen", "random", "fine-tuned, more"):
        cells = fitted.cells("", row)
        assert all(re.fullmatch(interval, cells[f"{each}, {ABOVE}"]) for each in ("micro", "macro"))
        assert cells["folds"] == "0"
    assert fitted.cells("", "SVM, more")[f"micro, {ABOVE}"] == "-"
    f1 = fitted.cells("F1", "SVM")
    macro = float(fitted.cells("", "SVM")["macro-F1"])
    assert sum(float(f1[f"`{label}`"]) for label in LABELS) / 11 == pytest.approx(macro, abs=0.005)
    curve = fitted.cells("micro / macro", "SVM")
    assert re.fullmatch(r"0\.\d{3} / 0\.\d{3}", curve["50 %"])
    assert curve["100 %"].endswith(f"/ {macro:.3f}")
    section = fitted.cells("sections", "fine-tuned")
    assert section["articles"] == "56"
    assert re.fullmatch(interval, section[ABOVE])
    # What was under way is gone, what came of it is kept.
    assert list((place / "work").iterdir()) == []


def test_a_row_that_cannot_be_fitted_does_not_end_the_others(fitted: Answer) -> None:
    assert fitted.ended == "not fitted: topics: swift, fold 0"
    assert "topics: swift, fold 0: cannot be fitted: encoder 'swift' is not in this" in fitted.err
    assert "swift" not in fitted.out


def test_seconds_stand_beside_quality_and_in_the_plot(place: Path, fitted: Answer) -> None:
    assert "swift: not timed" in fitted.err
    for row in ("SVM", "frozen", "random", "fine-tuned, more"):
        assert float(fitted.cells("", row)["seconds an article"]) >= 0
    texts = [node.text for node in ElementTree.parse(place / "plot.svg").iter() if node.text]
    assert {"SVM", "frozen", "random", "fine-tuned, more", "micro-F1", "macro-F1"} <= set(texts)


def test_what_is_kept_is_shown_anywhere_and_fitted_once(
    place: Path, fitted: Answer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(benchmark, "fit_cell", lambda *_: pytest.fail("fitted twice"))
    again = run(place / "articles.jsonl", "--folds", 0, "--rows", "SVM", "random", *inputs(place))
    assert again.out == fitted.out
    assert again.ended is None
    shutil.copytree(place / "results", tmp_path / "results")
    shutil.copyfile(place / "rows.toml", tmp_path / "rows.toml")
    told = ["--described", tmp_path / "rows.toml", "--results", tmp_path / "results"]
    (tmp_path / "results" / "speed.json").unlink()
    untimed = run(*told, "--plot", tmp_path / "plot.svg")
    assert "plot.svg: not drawn" in untimed.err
    assert untimed.cells("", "SVM")["seconds an article"] == "-"
    shutil.copyfile(place / "results" / "speed.json", tmp_path / "results" / "speed.json")
    elsewhere = run(*told, "--plot", tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").read_bytes() == (place / "plot.svg").read_bytes()
    assert elsewhere.out == fitted.out
    assert "articles not given or not found" in elsewhere.err


def test_without_an_archive_no_sections_are_fitted(place: Path, tmp_path: Path) -> None:
    told = ["--described", place / "rows.toml", "--results", tmp_path, "--folds", 0]
    answer = run(place / "articles.jsonl", *told, "--rows", "fine-tuned")
    assert "sections: nothing is fitted, its articles are not given" in answer.err
    assert answer.ended is None


def test_what_the_command_is_told_wrongly_is_named(place: Path, tmp_path: Path) -> None:
    assert "argument --folds: there is nothing to fit" in run("--folds", 0).err
    assert "argument --rows: of no row in" in run(*inputs(place), "--rows", "none").err
    assert "--folds: of no row in" in run(place / "rows.toml", *inputs(place), "--folds", 9).err
    assert "argument data: there is no file" in run("nowhere.jsonl").err
    assert "'a.gif' ends in none of .svg, .png" in run("--plot", "a.gif").err
    assert "'x' is not NAME=FILE" in run("--extra", "x").err
    rows = tmp_path / "rows.toml"
    row = '[[rows]]\nname = "a"\nkind = "fine-tuned"\nfolds = [0]\noptions = ["--epochs", "-1"]\n'
    rows.write_text(row, "utf-8")
    answer = run(place / "articles.jsonl", "--described", rows, "--folds", 0, *inputs(place)[2:])
    assert answer.ended == "row 'a': train.py refuses its options, see above"
    assert "argument --epochs: -1 is not above 0" in answer.err


def test_rows_learn_from_their_share_and_from_more_articles(place: Path) -> None:
    on_fold = [cell for cell in cells_in(place) if cell.fold == 0 and not cell.task.single]
    rows = {cell.row.name: cell for cell in on_fold}
    whole, half = (fitting.split_of(rows[name]) for name in ("SVM", "SVM, 50 %"))
    assert len(half.train) == round(len(whole.train) / 2)
    assert set(half.train) < set(whole.train)
    assert half.test == whole.test
    more = fitting.split_of(rows["SVM, more"])
    assert {each.id for each in more.test} == {each.id for each in whole.test}
    assert len(more.train) + len(more.dev) == len(whole.train) + len(whole.dev) + 20
