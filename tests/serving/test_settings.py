import os
import subprocess
import sys
from pathlib import Path

import pytest

from rasid.errors import SettingError
from rasid.runtime import cpu_quota
from serving.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings([], {})
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.model == Path("models/bundled")
    assert settings.threads == cpu_quota()
    assert (settings.max_chars, settings.max_body_bytes) == (200_000, 4_194_304)
    (tmp_path / "models" / "current").mkdir(parents=True)
    assert read_settings([], {}).model == Path("models/current")
    (tmp_path / "models" / "current").rmdir()
    (tmp_path / "models" / "current").symlink_to("gone")
    assert read_settings([], {}).model == Path("models/current")


def test_command_line_over_environment_over_default() -> None:
    environment = {"RASID_PORT": "1", "RASID_MAX_CHARS": "2", "PORT": "9"}
    settings = read_settings(["--port", "3"], environment)
    assert (settings.port, settings.max_chars, settings.max_batch) == (3, 2, 100)


def test_every_setting_can_be_given_both_ways() -> None:
    values = {
        "host": "0.0.0.0",
        "port": "1",
        "model": "m",
        "threads": "2",
        "workers": "3",
        "max_chars": "4",
        "max_body_bytes": "5",
        "max_batch": "6",
        "max_queue_tokens": "8",
        "stall_seconds": "9",
        "watch_seconds": "0.1",
        "drain_seconds": "0.5",
        "stop_seconds": "7",
        "thresholds": "fire=0.25, crime=1",
        "log_level": "ERROR",
    }
    assert set(values) == set(Settings.model_fields)
    flags = [
        part for name, value in values.items() for part in ("--" + name.replace("_", "-"), value)
    ]
    variables = {"RASID_" + name.upper(): value for name, value in values.items()}
    assert read_settings(flags, {}) == read_settings([], variables)
    assert read_settings(flags, {}).log_level == "error"
    assert read_settings(flags, {}).thresholds == {"fire": 0.25, "crime": 1.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", ""),
        ("port", "70000"),
        ("port", "x"),
        ("port", ""),
        ("model", ""),
        ("threads", "0"),
        ("workers", "0"),
        ("max_chars", "-1"),
        ("max_body_bytes", "4MB"),
        ("max_batch", "0"),
        ("max_queue_tokens", "0"),
        ("stall_seconds", "0"),
        ("watch_seconds", "-1"),
        ("drain_seconds", "inf"),
        ("drain_seconds", "nan"),
        ("stop_seconds", "0"),
        ("thresholds", "fire=1.5"),
        ("thresholds", "fire"),
        ("thresholds", "@nowhere.toml"),
        ("log_level", "loud"),
    ],
)
def test_bad_value_is_named(name: str, value: str) -> None:
    variable, flag = "RASID_" + name.upper(), "--" + name.replace("_", "-")
    with pytest.raises(SettingError, match=f"^{variable}: "):
        read_settings([], {variable: value})
    with pytest.raises(SettingError, match=f"^{flag}: "):
        read_settings([f"{flag}={value}"], {variable: "1"})


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        (["--port", "x"], {}, "--port"),
        ([], {"RASID_MAX_CHARS": "many"}, "RASID_MAX_CHARS"),
    ],
)
def test_bad_value_ends_the_process(
    arguments: list[str], environment: dict[str, str], named: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving", *arguments],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert named in line


def test_import_stays_light() -> None:
    code = (
        "import sys, serving.app; "
        "sys.exit(bool({'torch', 'transformers', 'datasets', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        row = f"| `--{name.replace('_', '-')}` | `RASID_{name.upper()}` |"
        if not field.default_factory:
            shown = f"{field.default:g}" if isinstance(field.default, float) else field.default
            row += f" `{shown}` |"
        assert row in page
