"""Options that would fail in the end are refused in the beginning, by their name."""

from pathlib import Path

import pytest

from rasid.artifact import CURRENT
from rasid.errors import SettingError
from tests.training.runs import train
from training.options import parse_options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--version", "v1"], "^--version: .*v1 is already there"),
        (["--window", "129"], "^--window: 129 tokens are more than the 128"),
        (["--freeze-layers", "2"], "^--freeze-layers: 2 of the 2 layers"),
        (["--keep-network", "{kept}"], "^--keep-network: .* is no kept network"),
        (["--split", "{kept}/no/split.jsonl"], "^--split: .*no is no folder that can be written"),
        (["--out", "{kept}/file"], "^--out: .* cannot be made"),
        (["--out", "{linked}"], "^--out: .*current is not a symbolic link"),
    ],
)
def test_they_are_refused_before_anything_is_trained(
    inputs: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    kept, linked = tmp_path / "kept", tmp_path / "linked"
    for folder in (tmp_path / "models" / "v1", kept, linked / CURRENT):
        folder.mkdir(parents=True)
    (kept / "file").write_text("of somebody")
    monkeypatch.setattr("training.train.fit", lambda *_, **__: pytest.fail("trained"))
    told = [option.format(kept=kept, linked=linked) for option in options]
    with pytest.raises(SettingError, match=message):
        train(inputs, tmp_path, *told)
    assert (kept / "file").read_text() == "of somebody"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--version", "a/b"),
        ("--version", ".."),
        ("--version", "current"),
        ("--version", "reports"),
        ("--name", "a b"),
        ("--pool", "0"),
        ("--pseudo-articles", "0"),
    ],
)
def test_a_value_that_is_none_ends_the_program_with_its_option(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(["data.jsonl", option, value])
    assert ended.value.code == 2
    assert f"argument {option}: " in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--newest"], ["--split", "split.jsonl"]])
def test_a_test_fold_is_a_split_of_its_own(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_options(["data.jsonl", "--test-fold", "0", *option])
    assert "argument --test-fold: cannot be combined" in capsys.readouterr().err


def test_the_environment_is_checked_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RASID_VERSION", "current")
    with pytest.raises(SystemExit):
        parse_options(["data.jsonl"])
    assert "argument --version: 'current' is the name of the link" in capsys.readouterr().err
    monkeypatch.delenv("RASID_VERSION")
    monkeypatch.setenv("RASID_FORMAT", "xml")
    with pytest.raises(SystemExit):
        parse_options(["data.jsonl"])
    assert "argument --format: invalid choice: 'xml'" in capsys.readouterr().err
