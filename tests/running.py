"""A real service process on a free port."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0


def start_service(
    command: Sequence[str | Path], *, cwd: Path = ROOT, log: int | IO[bytes] = subprocess.PIPE
) -> tuple[subprocess.Popen[str], str, int]:
    """Start `command`; returns the process, what it announced, and the port.

    The port is a free one unless `command` names it. The log goes to `log`: a pipe that
    nobody reads takes a few hundred lines.
    """
    process = subprocess.Popen(
        [*command, *([] if "--port" in command else ["--port", "0"])],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(cwd)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    # The address and the call to try, each ended by an empty line.
    banner = "".join("".join(iter(process.stdout.readline, "\n")) for _ in range(2))
    found = re.search(r"http://127\.0\.0\.1:(\d+)", banner)
    if found is None:
        process.kill()
        raise AssertionError(process.communicate()[1])
    return process, banner, int(found[1])


@contextmanager
def run_service(command: Sequence[str | Path], *, cwd: Path = ROOT) -> Iterator[httpx.Client]:
    """A client of the service that `command` starts; the process is killed in the end."""
    process, _, port = start_service(command, cwd=cwd)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            yield client
    finally:
        process.kill()
        process.communicate()
