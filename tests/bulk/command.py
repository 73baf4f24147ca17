"""The command as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.running import ROOT

PATIENCE = 60


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "serving.bulk", *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASID_")}
    return kept | {"PYTHONPATH": str(ROOT)} | variables


def classify(
    *arguments: object, cwd: Path = ROOT, stdin: bytes = b"", **variables: str
) -> tuple[int, bytes, str]:
    """Run the command; returns its exit code, standard output and standard error."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.decode()


def write_lines(file: Path, rows: Iterable[object]) -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, "utf-8")
    return file


def read_lines(raw: bytes) -> list[dict]:
    return [json.loads(line) for line in raw.splitlines()]
