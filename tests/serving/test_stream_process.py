"""The stream over real sockets: dialogue, memory, and a client that leaves."""

import http.client
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fake_service import SLOW

from tests.running import PATIENCE, run_service

FAKE = Path(__file__).with_name("fake_service.py")


class Stream:
    """A request whose body is written line by line while its answer is read."""

    def __init__(self, service: httpx.Client, header: bytes = b"") -> None:
        address = ("127.0.0.1", service.base_url.port)
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.sendall(
            b"POST /classify/stream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n" + header + b"\r\n"
        )
        self.response = http.client.HTTPResponse(self.socket, method="POST")

    def send(self, *articles: dict[str, str]) -> None:
        body = b"".join(json.dumps(article).encode() + b"\n" for article in articles)
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(body), body))

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def close(self) -> None:
        # What reads from the socket holds it open.
        self.response.close()
        self.socket.close()

    def read(self) -> dict:
        if self.response.fp is not None and self.response.status == http.client._UNKNOWN:
            self.response.begin()
            assert self.response.status == 200
        return json.loads(self.response.readline())


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return tmp_path / "release"


@pytest.fixture
def service(release: Path) -> Iterator[httpx.Client]:
    with run_service([sys.executable, FAKE, release, "--log-level", "error"]) as service:
        yield service


def metric(service: httpx.Client, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", service.get("/metrics").text, re.M)
    return float(found[1]) if found else 0.0


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_client_may_wait_for_each_answer(service: httpx.Client) -> None:
    stream = Stream(service)
    for number in range(1, 4):
        stream.send({"text": "حريق", "id": str(number)})
        answer = stream.read()
        assert (answer["line"], answer["result"]["id"]) == (number, str(number))
    stream.end()
    assert stream.response.read() == b""
    stream.close()


def test_client_that_waits_to_be_told_to_go_on(service: httpx.Client) -> None:
    stream = Stream(service, b"Expect: 100-continue\r\n")
    told = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert stream.socket.recv(len(told), socket.MSG_WAITALL) == told
    stream.send({"text": "حريق"})
    assert stream.read()["line"] == 1
    stream.close()


def test_memory_does_not_grow_with_the_body(service: httpx.Client) -> None:
    stream, lines = Stream(service), 3000
    article = {"text": "حريق في السوق " * 1500}
    memory: list[float] = []

    def send() -> None:
        for _ in range(lines):
            stream.send(article)
        stream.end()

    sending = threading.Thread(target=send)
    sending.start()
    for number in range(1, lines + 1):
        assert stream.read()["line"] == number
        if number in (300, lines):
            memory.append(metric(service, "process_resident_memory_bytes"))
    sending.join(PATIENCE)
    stream.close()
    sent = lines * len(json.dumps(article))
    assert sent > 100 * 2**20
    assert memory[1] - memory[0] < sent / 10


def test_nothing_is_begun_for_a_client_that_has_left(service: httpx.Client, release: Path) -> None:
    stream = Stream(service)
    stream.send({"text": SLOW}, *[{"text": "حريق"}] * 50)
    # The stream and the request for the metrics.
    wait_for(lambda: metric(service, "rasid_http_requests_in_flight") == 2)
    stream.close()
    left = 'rasid_http_requests_total{route="/classify/stream",status="499"}'
    wait_for(lambda: metric(service, left) == 1)
    release.touch()
    assert service.post("/classify", json={"text": "حريق"}).status_code == 200
    assert metric(service, "rasid_batch_articles_total") == 0
    assert metric(service, "rasid_windows_total") == 2
