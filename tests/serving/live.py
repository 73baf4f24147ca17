"""A real server process to be treated badly, and clients that keep it busy."""

import contextlib
import http.client
import json
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.running import PATIENCE, start_service

FAKE = Path(__file__).with_name("fake_service.py")


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Service:
    """A running service; its log lines go to `<folder>/log`."""

    def __init__(self, folder: Path, command: Sequence[str | Path], *arguments: str) -> None:
        self._log = folder / "log"
        with self._log.open("ab") as log:
            self.process, self.banner, self.port = start_service([*command, *arguments], log=log)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] = {},
    ) -> tuple[int, str]:
        with contextlib.closing(self.connect()) as connection:
            content = None if body is None else json.dumps(body)
            given = {"Content-Type": "application/json"} | dict(headers)
            connection.request(method, path, content, given)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def classify(self, text: str) -> int:
        return self.request("POST", "/classify", {"text": text})[0]

    def info(self) -> dict:
        return json.loads(self.request("GET", "/info")[1])

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        lines = self.request("GET", "/metrics")[1].splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def refuses_connections(self) -> bool:
        try:
            self.request("GET", "/readyz")
        except ConnectionError:
            return True
        return False

    @property
    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def log(self) -> list[dict]:
        return [json.loads(line) for line in self._log.read_text("utf-8").splitlines()]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def served(model: Path) -> list[str | Path]:
    """The command that serves the artifact in `model`."""
    return [sys.executable, "-m", "serving", "--model", model, "--threads", "1"]


class Load:
    """Clients that send one article after the other, on connections that they keep.

    Like a balancer, they send nothing more to a service whose /readyz says no.
    """

    def __init__(self, service: Service, *, clients: int, texts: Sequence[str]) -> None:
        self.statuses: Counter[int] = Counter()
        self.versions: Counter[str] = Counter()
        self.lost: list[str] = []
        self._service = service
        self._texts = texts
        self._going = True
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._look, daemon=True)]
        for number in range(clients):
            send = threading.Thread(target=self._send, args=(number,), daemon=True)
            self._threads.append(send)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._going = False
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _look(self) -> None:
        while self._going:
            try:
                ready = self._service.request("GET", "/readyz")[0] == 200
            except OSError:
                ready = False
            # Not set to whether it is ready: `stop` may have been called meanwhile.
            if not ready:
                self._going = False
            time.sleep(0.02)

    def _send(self, number: int) -> None:
        connection = self._service.connect()
        while self._going:
            text = self._texts[number % len(self._texts)]
            number += 1
            try:
                body = json.dumps({"text": text})
                connection.request("POST", "/classify", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                with self._lock:
                    self.lost.append(repr(error))
                connection.close()
                continue
            with self._lock:
                self.statuses[response.status] += 1
                self.versions[answer.get("model", {}).get("version")] += 1
        connection.close()


@contextlib.contextmanager
def loaded(service: Service, *, clients: int = 3, texts: Sequence[str]) -> Iterator[Load]:
    """Load on `service`, once it has got the first answers."""
    load = Load(service, clients=clients, texts=texts)
    try:
        wait_for(lambda: load.statuses.total() >= 2 * clients or load.lost)
        yield load
    finally:
        load.stop()
