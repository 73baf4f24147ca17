"""A run that is resumed takes over nothing but its own."""

from pathlib import Path

import numpy as np
import pytest

from training.resuming import file_sizes, kept, open_run, run_key


def test_a_folder_is_emptied_unless_it_is_to_be_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "work" / "run"
    open_run(folder, resume=True)
    assert "no run with these inputs" in capsys.readouterr().err
    (folder / "checkpoint").mkdir()
    open_run(folder, resume=True)
    assert (folder / "checkpoint").is_dir()
    assert not capsys.readouterr().err
    open_run(folder, resume=False)
    assert list(folder.iterdir()) == []


def test_an_array_is_computed_once_and_whole_when_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "new" / "array.npy"

    def fail() -> np.ndarray:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept(file, fail)
    assert not file.exists()
    assert kept(file, lambda: np.arange(3.0)).tolist() == [0, 1, 2]
    assert kept(file, fail).tolist() == [0, 1, 2]
    assert [path.name for path in file.parent.iterdir()] == ["array.npy"]


def test_sizes_of_files_decide(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    file.write_text("{}")
    sizes = file_sizes([file])
    file.write_text("{ }")
    assert run_key(sizes) != run_key(file_sizes([file]))
    assert run_key(sizes) == run_key(list(sizes))
