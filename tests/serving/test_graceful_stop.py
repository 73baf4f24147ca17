"""Real server processes, real sockets, real signals."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import live
import pytest
from fake_service import SLOW
from live import wait_for

from tests.running import PATIENCE, ROOT


class Service(live.Service):
    """A running service; `release` lets its slow requests finish."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._release = folder / "release"
        command = [sys.executable, live.FAKE, self._release, "--threads", "1", "--workers", "2"]
        super().__init__(folder, command, *arguments)

    def start_slow_request(self) -> tuple[threading.Thread, list[int]]:
        statuses: list[int] = []

        def send() -> None:
            try:
                statuses.append(self.classify(SLOW))
            except (http.client.HTTPException, OSError):
                statuses.append(0)

        thread = threading.Thread(target=send)
        thread.start()
        # The slow request and the one for the metrics.
        wait_for(lambda: self.metric("rasid_http_requests_in_flight") == 2.0)
        return thread, statuses

    def release(self) -> None:
        self._release.touch()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start(*arguments: str) -> Service:
        services.append(Service(tmp_path, *arguments))
        return services[-1]

    yield start
    for service in services:
        service.end()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_flight_finish(start: Callable[..., Service], stop: signal.Signals) -> None:
    service = start("--drain-seconds", "3")
    slow, statuses = service.start_slow_request()
    service.process.send_signal(stop)
    # Not ready first, with the socket still open and new requests served.
    wait_for(lambda: service.request("GET", "/readyz")[0] == 503)
    for _ in range(6):
        # In all longer than the server takes to look whether it should stop.
        time.sleep(0.1)
        assert service.request("POST", "/classify", {"text": "حريق"})[0] == 200
    wait_for(service.refuses_connections)
    assert statuses == []
    assert service.process.poll() is None
    service.release()
    slow.join(PATIENCE)
    assert statuses == [200]
    assert service.wait() == 0


def test_answers_while_draining_close_their_connection(start: Callable[..., Service]) -> None:
    service = start("--drain-seconds", "30")
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
    ) as connection:
        connection.request("GET", "/livez")
        response = connection.getresponse()
        response.read()
        assert response.getheader("connection") is None
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: service.request("GET", "/readyz")[0] == 503)
        connection.request("GET", "/livez")
        assert connection.getresponse().getheader("connection") == "close"


def test_second_signal_ends_the_process(start: Callable[..., Service]) -> None:
    service = start("--drain-seconds", "3600")
    slow, statuses = service.start_slow_request()
    service.process.send_signal(signal.SIGTERM)
    wait_for(lambda: service.request("GET", "/readyz")[0] == 503)
    service.process.send_signal(signal.SIGTERM)
    assert service.wait() == 128 + signal.SIGTERM
    slow.join(PATIENCE)
    assert statuses == [0]


def test_requests_that_never_end_are_given_up(start: Callable[..., Service]) -> None:
    service = start("--drain-seconds", "0", "--stop-seconds", "1")
    slow, statuses = service.start_slow_request()
    service.process.send_signal(signal.SIGTERM)
    slow.join(PATIENCE)
    assert statuses == [503]
    # The thread that never comes back does not keep the process.
    assert service.wait() == 0
    assert any("a thread is still at work" in line["message"] for line in service.log())


def test_banner_has_a_call_that_works(start: Callable[..., Service]) -> None:
    service = start("--drain-seconds", "0")
    command = service.banner[service.banner.index("curl") :]
    found = re.search(r"(\S+/classify) .*-d '(.*)'", command, re.DOTALL)
    assert found is not None
    assert found[1] == f"http://127.0.0.1:{service.port}/classify"
    status, answer = service.request("POST", "/classify", json.loads(found[2]))
    assert status == 200
    assert json.loads(answer)["warnings"] == []
    # By default only what the banner says goes to standard output; logs are JSON.
    service.process.send_signal(signal.SIGTERM)
    output, _ = service.process.communicate(timeout=PATIENCE)
    assert output == ""
    assert all(line["level"] == "info" for line in service.log())


def test_head_has_no_body_on_the_wire(start: Callable[..., Service]) -> None:
    service = start("--drain-seconds", "0")
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as connection:
        connection.sendall(b"HEAD /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_port_that_is_taken_ends_the_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                live.FAKE,
                tmp_path / "release",
                "--threads",
                "1",
                "--port",
                str(port),
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    # And not with the code of dead inference.
    assert done.returncode == 2
    assert "address already in use" in done.stderr


def test_model_that_cannot_be_loaded_ends_the_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving", "--port", "0", "--model", str(tmp_path / "none")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = [
        line for line in map(json.loads, done.stderr.splitlines()) if line["level"] == "critical"
    ]
    assert str(tmp_path / "none") in line["message"]
