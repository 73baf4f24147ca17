"""One comparison at tiny size, fitted once for all tests of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import speed
from tests.benchmarks.made import ROWS, Answer, inputs, run, write_sections
from tests.tiny import write_articles, write_encoder
from training.encoders import OURS


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Articles, archive, encoder and rows. Tests that change something change a copy."""
    folder = tmp_path_factory.mktemp("comparison")
    write_articles(folder / "articles.jsonl", count=120)
    more = write_articles(folder / "more.jsonl", count=20, seed=5)
    # None of them has the id of another article.
    more.write_text(more.read_text("utf-8").replace("made-", "more-"), "utf-8")
    write_sections(folder / "sections.jsonl", count=16)
    write_encoder(folder / "encoder")
    rows = ROWS.replace("ENCODER", str(folder / "encoder"))
    (folder / "rows.toml").write_text(rows, "utf-8")
    return folder


@pytest.fixture(autouse=True)
def no_swift(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(OURS, "swift", tmp_path / "no swift")


@pytest.fixture(scope="session")
def fitted(place: Path) -> Iterator[Answer]:
    """The answer of the command that fitted, timed and drew everything on fold 0."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(OURS, "swift", place / "no swift")
        patched.setattr(speed, "WRITTEN", place / "articles.jsonl")
        told = ["--folds", 0, "--time", 1, "--plot", place / "plot.svg", *inputs(place)]
        yield run(place / "articles.jsonl", *told)
