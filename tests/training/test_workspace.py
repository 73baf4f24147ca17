"""The folder of a run: of one run and one process, and what may be resumed in it."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rasid.errors import SettingError
from rasid.taxonomy import read_taxonomy
from tests.tiny import ROOT, write_articles, write_encoder
from tests.training.runs import arguments_of
from training.encoders import find_encoder
from training.options import TrainOptions, parse_options
from training.splits import Split
from training.train import read_data
from training.workspace import Workspace, open_workspace

TAXONOMY = read_taxonomy(ROOT / "data" / "taxonomy.toml")
LABELS = TAXONOMY.labels


def opened(inputs: list[str], folder: Path, *more: str, labels: tuple[str, ...] = LABELS) -> None:
    """Open the workspace once and leave a checkpoint there."""
    options = parse_options(arguments_of(inputs, folder, *more))
    checkpoint = find_encoder(options.encoder)
    with open_workspace(options, split_of(options), labels, checkpoint) as workspace:
        leave_checkpoint(workspace)


def split_of(options: TrainOptions) -> Split:
    _, split = read_data(options, TAXONOMY)
    return split


def leave_checkpoint(workspace: Workspace) -> None:
    (workspace.checkpoints / "checkpoint-1").mkdir(parents=True, exist_ok=True)


def other_articles(inputs: list[str], folder: Path, field: str, value: object) -> list[str]:
    """The inputs with another value in one field of one article."""
    rows = [json.loads(line) for line in Path(inputs[0]).read_text("utf-8").splitlines()]
    rows[7][field] = value
    file = folder / "articles.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return [str(file), *inputs[1:]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "نص آخر تماما."),
        ("title", "عنوان آخر"),
        ("labels", ["money_laundering"]),
        ("unsure", ["migration"]),
        ("unknown", ["money_laundering"]),
        ("fold", 4),
    ],
)
def test_other_articles_are_another_run(
    inputs: list[str], tmp_path: Path, field: str, value: object
) -> None:
    opened(inputs, tmp_path)
    other = other_articles(inputs, tmp_path, field, value)
    with pytest.raises(SettingError, match=r"^--resume: .*differs in the articles[;,]"):
        opened(other, tmp_path, "--resume")


def test_other_options_topics_and_weights_are_another_run(
    inputs: list[str], tmp_path: Path
) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    inputs = [inputs[0], "--encoder", str(encoder), *inputs[3:]]
    opened(inputs, tmp_path)
    opened(inputs, tmp_path, "--resume")
    with pytest.raises(SettingError, match="differs in the settings of fine-tuning; leave"):
        opened(inputs, tmp_path, "--resume", "--seed", "3")
    with pytest.raises(
        SettingError, match="differs in the split, --window, --overlap, --test-fold; leave"
    ):
        opened(inputs, tmp_path, "--resume", "--window", "32", "--test-fold", "1")
    with pytest.raises(SettingError, match="differs in the topics; leave"):
        opened(inputs, tmp_path, "--resume", labels=LABELS[::-1])
    # Its weights have learned from the dev part, which a run without folds is tuned on.
    opened(inputs, tmp_path, "--folds", "2")
    with pytest.raises(SettingError, match="differs in --folds; leave"):
        opened(inputs, tmp_path, "--resume")
    opened(inputs, tmp_path)
    write_encoder(encoder, seed=1)
    with pytest.raises(SettingError, match="differs in --encoder; leave"):
        opened(inputs, tmp_path, "--resume")
    # Anew, it is the folder of the other run.
    opened(inputs, tmp_path)
    opened(inputs, tmp_path, "--resume")


def test_checkpoints_of_nobody_are_not_resumed(inputs: list[str], tmp_path: Path) -> None:
    leave_checkpoint(Workspace(tmp_path / "work"))
    with pytest.raises(SettingError, match=r"^--resume: .* does not say which run it is of"):
        opened(inputs, tmp_path, "--resume")


def test_the_default_folder_is_named_after_all_of_it(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = ["--out", str(tmp_path / "models")]

    def folder(inputs: list[str], *more: str) -> str:
        parsed = parse_options([*inputs, *options, *more])
        checkpoint = find_encoder(parsed.encoder)
        with open_workspace(parsed, split_of(parsed), LABELS, checkpoint) as workspace:
            return str(workspace.folder)

    copy = write_articles(tmp_path / "copy.jsonl")
    same = [folder(inputs), folder(inputs, "--resume"), folder([str(copy), *inputs[1:]])]
    assert len(set(same)) == 1
    assert folder(other_articles(inputs, tmp_path, "text", "نص آخر.")) != same[0]


def test_a_second_process_in_the_folder_ends_at_once(inputs: list[str], tmp_path: Path) -> None:
    opened(inputs, tmp_path)
    script = f"""
        import pathlib, sys
        from training.workspace import _locked
        with _locked(pathlib.Path({str(tmp_path / "work")!r})):
            print("locked", flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        message = f"^--work: the run of process {other.pid} is at work in {tmp_path}/work"
        with pytest.raises(SettingError, match=message):
            opened(inputs, tmp_path)
        assert (tmp_path / "work" / "checkpoints" / "checkpoint-1").is_dir()
        other.kill()
    # The lock of a process that was killed holds nobody up.
    opened(inputs, tmp_path)
