"""The rows that are described, and the results that the repository keeps of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import encoder as benchmark
from benchmarks.predictions import Predictions
from benchmarks.rows import read_rows

HERE = Path(benchmark.__file__).parent
RESULTS = sorted((HERE / "results" / "encoder").glob("*.npz"))


def test_the_rows_of_the_repository_can_be_read() -> None:
    rows = read_rows(HERE / "encoder.toml")
    assert rows[0].kind == "tfidf-svm"
    assert {row.encoder for row in rows} == {"compact", "swift"}
    assert {row.share for row in rows} == {0.1, 0.25, 0.5, 1.0}
    for row in rows:
        assert sum(row.is_beside(other) for other in rows) == 1, row.name


@pytest.mark.parametrize("name", ["Compact", "compact!"])
def test_rows_that_would_share_a_file_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "rows.toml"
    row = '[[rows]]\nname = "{}"\nkind = "tfidf-lr"\n'
    file.write_text(row.format("compact") + row.format(name), "utf-8")
    with pytest.raises(ValueError, match="same name"):
        read_rows(file)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('options = ["--test-fold", "1"]', "--test-fold: set by the benchmark itself"),
        ('options = ["--work=here"]', "--work=here: set by the benchmark itself"),
        ("curve = [0]", "curve"),
        ("share = 1.5", "share"),
        ("fold = 1", "Extra inputs"),
    ],
)
def test_what_a_row_cannot_have_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "rows.toml"
    file.write_text(f'[[rows]]\nname = "a"\nkind = "fine-tuned"\n{line}\n', "utf-8")
    with pytest.raises(ValueError, match=said):
        read_rows(file)


def test_only_rows_that_train_have_options(tmp_path: Path) -> None:
    file = tmp_path / "rows.toml"
    file.write_text('[[rows]]\nname = "a"\nkind = "frozen"\noptions = ["--epochs", "1"]\n', "utf-8")
    with pytest.raises(ValueError, match="frozen has none"):
        read_rows(file)


def test_encoder_and_options_can_depend_on_the_fold(tmp_path: Path) -> None:
    file = tmp_path / "rows.toml"
    row = '[[rows]]\nname = "a"\nkind = "fine-tuned"\nencoder = "students/{fold}"\n'
    file.write_text(row + 'options = ["--keep-network", "kept/{fold}/x"]\n', "utf-8")
    (found,) = read_rows(file)
    assert found.encoder_on(3) == "students/3"
    assert found.options_on(3) == ["--keep-network", "kept/3/x"]


@pytest.mark.skipif(not RESULTS, reason="no result is kept in the repository")
def test_what_the_repository_keeps_is_small_and_holds_no_text() -> None:
    for file in RESULTS:
        assert file.stat().st_size < 200_000
        kept = Predictions.load(file)
        assert not any(name.isspace() for name in "".join(kept.ids))
        with np.load(file) as arrays:
            words = {name for name in arrays if arrays[name].dtype.kind == "U"}
        assert words == {"ids", "about"}
        assert json.dumps(kept.identity | kept.made_with).isascii()
