"""What happens to servers: kills, full disks, clients that misbehave, clocks that jump."""

import contextlib
import json
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fake_service import SLOW
from live import FAKE, Service, loaded, served, wait_for

from tests.running import PATIENCE, start_service

FIRE = "وقع حريق في غابة"
SENTENCE = "أعلنت الشرطة في المدينة توقيف شخصين يشتبه في تورطهما في اختراق خوادم مؤسسة. "
TEXTS = [SENTENCE * times for times in (1, 2, 9, 1, 30)]
CLOCK = Path(__file__).with_name("jumping_clock.py")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services = []

    def start(command: list, *arguments: str) -> Service:
        services.append(Service(tmp_path, command, *arguments))
        return services[-1]

    yield start
    for service in services:
        service.end()


@pytest.fixture
def fake(start: Callable[..., Service], tmp_path: Path) -> Callable[..., Service]:
    command = [sys.executable, FAKE, tmp_path / "release", "--threads", "1"]
    return lambda *arguments: start(command, *arguments)


def open_socket(service: Service, content: bytes = b"") -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE)
    opened.sendall(content)
    return opened


def post(body: bytes, *, length: int | None = None) -> bytes:
    head = (
        "POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


def vanish(connection: socket.socket) -> None:
    """Close without a word to the other side, as a machine that loses its power does."""
    repair = 19  # TCP_REPAIR of Linux, which needs privileges; without them it stays open.
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, repair, 1)
        connection.close()


def test_sigterm_under_load_loses_nothing(
    start: Callable[..., Service], tiny_artifact: Path
) -> None:
    service = start(served(tiny_artifact), "--drain-seconds", "1")
    with loaded(service, clients=6, texts=TEXTS) as load:
        assert service.stop() == 0
    assert load.lost == []
    assert set(load.statuses) == {200}


def test_after_sigkill_the_next_start_serves(
    start: Callable[..., Service], tiny_artifact: Path
) -> None:
    service = start(served(tiny_artifact))
    before = service.request("POST", "/classify", {"text": TEXTS[2]})
    with loaded(service, texts=TEXTS):
        service.process.kill()
        service.wait()
    # On the same port at once, though its connections have not had their full end.
    again = start(served(tiny_artifact), "--port", str(service.port))
    after = again.request("POST", "/classify", {"text": TEXTS[2]})
    assert after[0] == before[0] == 200
    answers = [json.loads(body) | {"request_id": ""} for _, body in (before, after)]
    assert answers[0] == answers[1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")
def test_a_full_disk_costs_log_lines_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, FAKE, tmp_path / "release", "--threads", "1"]
    with open("/dev/full", "wb", buffering=0) as full:
        process, _, port = start_service([*command, "--drain-seconds", "0"], log=full)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            for _ in range(50):
                assert client.post("/classify", json={"text": FIRE}).status_code == 200
            assert client.post("/classify", json={"text": "عطب"}).status_code == 500
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


def test_clients_that_hang_harm_nobody_else(fake: Callable[..., Service]) -> None:
    service = fake("--drain-seconds", "0", "--stop-seconds", "1")
    body = json.dumps({"text": FIRE}).encode()
    hanging = [
        open_socket(service, start)
        for start in (
            b"",
            b"PO",
            b"POST /classify HTTP/1.1\r\nHost: a\r\n",
            post(b"", length=2_000_000),
            post(body[:9], length=len(body)),
            b"POST /classify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            # Asks and never reads the answer.
            post(body) * 3,
        )
        for _ in range(10)
    ]
    for _ in range(20):
        assert service.classify(FIRE) == 200
    # Nor do they keep the service from ending.
    assert service.stop() == 0
    for connection in hanging:
        connection.close()


def test_clients_that_leave_or_vanish_leave_nothing_behind(
    fake: Callable[..., Service], tmp_path: Path
) -> None:
    service = fake("--workers", "1", "--drain-seconds", "0")
    files = service.open_files
    body = json.dumps({"text": FIRE}).encode()
    first = open_socket(service, post(json.dumps({"text": SLOW}).encode()))
    wait_for(lambda: service.metric("rasid_tokens_in_flight") > 0)
    busy = service.metric("rasid_tokens_in_flight")
    waiting = [open_socket(service, post(body)) for _ in range(20)]
    vanished = [open_socket(service, post(body)) for _ in range(5)]
    wait_for(lambda: service.metric("rasid_http_requests_in_flight") == 1 + 20 + 5 + 1)
    for connection in vanished:
        vanish(connection)
    for connection in waiting:
        connection.close()
    # Those that said goodbye are out of the queue; of the others the service cannot know yet.
    wait_for(lambda: service.metric("rasid_http_requests_in_flight") == 1 + 5 + 1)
    assert service.metric("rasid_tokens_in_flight") < busy + 20 * 32
    (tmp_path / "release").touch()
    assert first.recv(100).startswith(b"HTTP/1.1 200")
    first.close()
    wait_for(lambda: service.metric("rasid_tokens_in_flight") == 0)
    assert service.metric("rasid_windows_total") == 2 * (1 + 5)
    for connection in vanished:
        connection.close()
    wait_for(lambda: service.open_files <= files + 5)


def hold_connections(service: Service, count: int) -> None:
    files = service.open_files
    with contextlib.ExitStack() as held:
        for _ in range(count):
            held.enter_context(open_socket(service))
        wait_for(lambda: service.open_files >= files + count)
        for _ in range(20):
            assert service.classify(FIRE) == 200
        assert service.request("GET", "/readyz")[0] == 200
    wait_for(lambda: service.open_files < files + 10)
    assert service.classify(FIRE) == 200


def test_a_thousand_connections_past_the_usual_limit(fake: Callable[..., Service]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this machine allows too few open files")
    try:
        # The service starts with a limit below and raises it itself.
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        service = fake("--drain-seconds", "0")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        hold_connections(service, 1100)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
def test_ten_thousand_connections(fake: Callable[..., Service]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11_000:
        pytest.skip("this machine allows too few open files")
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        service = fake("--drain-seconds", "0")
        before = service.memory
        hold_connections(service, 10_000)
        assert service.memory < before + 200 * 2**20
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_clock_that_jumps_moves_nothing(start: Callable[..., Service], tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    service = start([sys.executable, CLOCK, offset, tmp_path / "release"], "--drain-seconds", "1")
    headers = {"X-Request-Timeout": "30"}
    for seconds in (0, 86_400 * 400, -86_400 * 400, 3600, -3600):
        offset.write_text(str(seconds))
        for _ in range(3):
            answer = service.request("POST", "/classify", {"text": FIRE}, headers)
            assert answer[0] == 200
    years = {line["time"][:4] for line in service.log()}
    assert len(years) >= 3
    # Nor is the time of a request over that is under way.
    answers: list[tuple[int, str]] = []
    waiting = threading.Thread(
        target=lambda: answers.append(service.request("POST", "/classify", {"text": SLOW}, headers))
    )
    waiting.start()
    wait_for(lambda: service.metric("rasid_tokens_in_flight") > 0)
    offset.write_text(str(86_400 * 400))
    assert service.request("GET", "/readyz")[0] == 200
    (tmp_path / "release").touch()
    waiting.join(PATIENCE)
    assert [status for status, _ in answers] == [200]
    # The drain takes its seconds, not those of the clock.
    offset.write_text(str(86_400))
    service.process.send_signal(signal.SIGTERM)
    wait_for(lambda: service.request("GET", "/readyz")[0] == 503)
    offset.write_text(str(-86_400))
    assert service.classify(FIRE) == 200
    assert service.wait() == 0
