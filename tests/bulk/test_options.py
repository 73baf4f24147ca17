import os
import subprocess
import sys
from pathlib import Path

import pytest

from rasid.errors import SettingError
from rasid.runtime import cpu_quota
from serving.bulk.options import parse_options
from serving.bulk.sources import find_sources
from tests.bulk.command import classify
from tests.running import ROOT


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = parse_options([], {})
    assert options.inputs == ("-",)
    assert (options.out, options.format, options.input_format) == (None, "jsonl", None)
    assert options.model == Path("models/bundled")
    assert (options.threads, options.max_chars) == (cpu_quota(), 200_000)
    assert (options.evidence, options.restart, options.progress) == (True, False, True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "current").symlink_to("gone")
    assert parse_options([], {}).model == Path("models/current")


def test_command_line_over_environment_over_default() -> None:
    environment = {"RASID_THREADS": "3", "RASID_MAX_CHARS": "9", "RASID_FORMAT": "csv"}
    options = parse_options(["a.txt", "--threads", "2"], environment)
    assert (options.threads, options.max_chars, options.format) == (2, 9, "csv")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("o.jsonl", "jsonl"), ("o.NDJSON", "jsonl"), ("o.csv", "csv"), ("o.parquet", "parquet")],
)
def test_format_is_that_of_the_name(name: str, expected: str) -> None:
    assert parse_options(["--out", name], {}).format == expected
    assert parse_options(["--out", name, "--format", "csv"], {}).format == "csv"


def test_tables_have_no_evidence() -> None:
    assert not parse_options(["--format", "csv"], {}).evidence
    assert not parse_options(["--no-evidence"], {}).evidence


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RASID_THREADS", "0"),
        ("RASID_THREADS", "x"),
        ("RASID_MAX_CHARS", "-1"),
        ("RASID_MODEL", ""),
        ("RASID_OUT", ""),
        ("RASID_FORMAT", "xml"),
        ("RASID_INPUT_FORMAT", "pdf"),
    ],
)
def test_bad_variables_are_named(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable}: "):
        parse_options([], {variable: value})


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--threads", "0"], "--threads"),
        (["--max-chars", "many"], "--max-chars"),
        (["--format", "xml"], "--format"),
        (["--model", ""], "--model"),
        (["--out", "answers.xml"], "--out"),
        (["--format", "parquet"], "--format"),
        (["-", "--input-format", "parquet"], "--input-format"),
        (["no-such-file.jsonl"], "no-such-file.jsonl"),
        (["pyproject.toml"], "pyproject.toml"),
        (["docs"], "docs"),
        (["--thread", "1"], "--thread"),
    ],
)
def test_bad_options_are_named(
    arguments: list[str],
    named: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises((SettingError, SystemExit)) as ended:
        prepare(arguments)
    said = capsys.readouterr().err or str(ended.value)
    assert named in said.splitlines()[-1]
    assert ended.type is SettingError or ended.value.code == 2


def prepare(arguments: list[str]) -> None:
    options = parse_options(arguments, {})
    find_sources(options.inputs, options.input_format)


def test_bad_option_ends_the_process() -> None:
    code, output, errors = classify("no-such-file.jsonl")
    assert (code, output) == (2, b"")
    (line,) = errors.splitlines()
    assert line == "rasid-classify: no-such-file.jsonl: no such file or folder"


def test_parquet_without_the_extra(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from serving.bulk.__main__ import main\n"
        f"sys.argv = ['rasid-classify', '-', '--out', {str(tmp_path / 'o.parquet')!r}]\n"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "the extra `parquet`" in done.stderr


def test_the_command_needs_only_what_serving_needs() -> None:
    code = (
        "import serving.bulk.__main__, sys; sys.exit(bool({'fastapi', 'pyarrow', 'trafilatura', "
        "'torch', 'transformers', 'datasets', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0
