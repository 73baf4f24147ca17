"""Rasid under more load than it can take: what it answers, how fast, and in how much memory.

python -m benchmarks.load [--minutes 30] [--load 1.2] [--model models/bundled]

Starts a service of its own and sends it texts joined and cut from written articles, half of
them short, half as long as press articles, each another one. First one client alone, then as
many as it takes to keep the service busy, then requests at random times (an open loop) at
`--load` times what the service had done. A request's time runs from when it was due, so that
a client that comes late with it hides nothing. Some clients leave early, some give a
deadline. Ends with code 1 where a goal of the last phase is missed.
"""

import argparse
import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks.lengths import mixed_chars
from rasid.runtime import cpu_quota

# The p99 of accepted requests may be this many times that of a service that is not loaded.
MOST_SLOWDOWN = 3.0
# Growth of the memory that is still called flat.
MOST_GROWTH = 1.05
_LEAVERS, _DEADLINES = 0.02, 0.05
_SAMPLE_SECONDS = 2.0
_GONE, _FAILED = "left", "failed"


@dataclass
class Phase:
    """What came of the requests of one phase; times in seconds."""

    outcomes: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    retry_after: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers of status 200 a second."""
        return len(self.times) / self.seconds

    def percentile(self, q: float) -> float:
        """Of the time that answers of status 200 took."""
        return float(np.percentile(self.times, q))

    def line(self, name: str) -> str:
        """One line of the report."""
        outcomes = ", ".join(f"{count} × {what}" for what, count in sorted(self.outcomes.items()))
        return (
            f"{name:10}{self.rate:7.1f}/s  p50 {self.percentile(50):6.3f} s  "
            f"p99 {self.percentile(99):6.3f} s  {outcomes}"
        )


class Texts:
    """Texts without end, the same ones for the same seed."""

    def __init__(self, file: Path, seed: int) -> None:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        self._articles = [row["text"] for row in rows]
        self._chance = random.Random(seed)

    def next(self) -> str:
        """A short text or one as long as articles of the press are."""
        chars = mixed_chars(self._chance)
        text = ""
        while len(text) < chars:
            text += self._chance.choice(self._articles) + "\n\n"
        return text[:chars]


class Client:
    """Sends articles to the service and notes what comes of them."""

    def __init__(self, address: str, texts: Texts, chance: random.Random) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(base_url=address, limits=limits, timeout=600)
        self._texts = texts
        self._chance = chance

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def closed_loop(self, clients: int, seconds: float) -> Phase:
        """`clients` that send the next article as soon as they have their answer."""
        phase = Phase()
        began = time.monotonic()

        async def client() -> None:
            while time.monotonic() < began + seconds:
                await self._send(phase, time.monotonic(), {}, None)

        await asyncio.gather(*(client() for _ in range(clients)))
        phase.seconds = time.monotonic() - began
        return phase

    async def open_loop(self, rate: float, seconds: float) -> Phase:
        """`rate` requests a second at random times, whatever became of those before."""
        phase = Phase()
        began = due = time.monotonic()
        async with asyncio.TaskGroup() as sending:
            while due < began + seconds:
                due += self._chance.expovariate(rate)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                luck = self._chance.random()
                patience = 0.5 if luck < _LEAVERS else None
                deadline = _LEAVERS <= luck < _LEAVERS + _DEADLINES
                headers = {"X-Request-Timeout": "2"} if deadline else {}
                sending.create_task(self._send(phase, due, headers, patience))
        phase.seconds = time.monotonic() - began
        return phase

    async def _send(
        self, phase: Phase, due: float, headers: dict[str, str], patience: float | None
    ) -> None:
        article = {"text": self._texts.next()}
        try:
            async with asyncio.timeout(patience):
                response = await self._http.post("/classify", json=article, headers=headers)
        except TimeoutError:
            phase.outcomes[_GONE] += 1
        except httpx.HTTPError:
            phase.outcomes[_FAILED] += 1
        else:
            phase.outcomes[str(response.status_code)] += 1
            if response.status_code == 200:
                phase.times.append(time.monotonic() - due)
            if "retry-after" in response.headers:
                phase.retry_after.append(int(response.headers["retry-after"]))


@contextmanager
def served(model: Path, threads: int, options: list[str]) -> Iterator[tuple[str, int]]:
    """Address and process id of a service, which is ended in the end."""
    command = [sys.executable, "-m", "serving", "--model", str(model), "--port", "0"]
    command += ["--threads", str(threads), "--drain-seconds", "0", *options]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            banner = process.stdout.readline()
            if not banner:
                raise RuntimeError(f"the service ended with code {process.wait()}")
            yield banner.split()[4], process.pid
        finally:
            process.terminate()
            process.wait()


async def sample_memory(pid: int, into: list[float]) -> None:
    """Append the resident memory of process `pid`, in MiB, again and again."""
    while True:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        into.append(pages * resource.getpagesize() / 2**20)
        await asyncio.sleep(_SAMPLE_SECONDS)


async def measure(address: str, pid: int, options: argparse.Namespace) -> bool:
    """Run the three phases and print them; whether the goals were met."""
    chance = random.Random(options.seed)
    client = Client(address, Texts(options.articles, options.seed), chance)
    calm = await client.closed_loop(1, options.calm_seconds)
    print(calm.line("calm"), flush=True)
    busy = await client.closed_loop(options.clients, options.calm_seconds)
    print(busy.line("busy"), flush=True)
    memory: list[float] = []
    sampling = asyncio.create_task(sample_memory(pid, memory))
    loaded = await client.open_loop(options.load * busy.rate, options.minutes * 60)
    sampling.cancel()
    await client.close()
    print(loaded.line("loaded"))
    return judge(calm, loaded, memory)


def judge(calm: Phase, loaded: Phase, memory: list[float]) -> bool:
    """Print the goals and whether they were met."""
    slowdown = loaded.percentile(99) / calm.percentile(99)
    fifth = len(memory) // 5
    early, late = np.median(memory[fifth : 2 * fifth + 1]), np.median(memory[-fifth - 1 :])
    allowed = {"200", "429", "503", "504", _GONE}
    others = {what: n for what, n in loaded.outcomes.items() if what not in allowed}
    if loaded.retry_after:
        low, middle, high = np.percentile(loaded.retry_after, [0, 50, 100])
        print(f"Retry-After {low:.0f} to {high:.0f} s, median {middle:.0f}")
    goals = {
        f"p99 is {slowdown:.2f} times that of the calm service": slowdown <= MOST_SLOWDOWN,
        f"memory {early:.0f} MiB early, {late:.0f} MiB late": late <= MOST_GROWTH * early,
        f"no answer but 200, 429, 503 and 504: {others or 'none'}": not others,
    }
    for goal, met in goals.items():
        print(f"{'met   ' if met else 'MISSED'}  {goal}")
    return all(goals.values())


def main() -> int:
    """Run the phases; returns 1 where a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("options", nargs="*", help="of the service, after --")
    parser.add_argument("--model", type=Path, default=Path("models/bundled"))
    parser.add_argument("--articles", type=Path, default=Path("data/articles.jsonl"))
    parser.add_argument("--minutes", type=float, default=30.0, help="of the loaded phase")
    parser.add_argument("--load", type=float, default=1.2, help="times the capacity")
    parser.add_argument("--calm-seconds", type=float, default=60.0, help="of each other phase")
    parser.add_argument("--clients", type=int, default=8, help="of the busy phase")
    parser.add_argument("--threads", type=int, default=cpu_quota(), help="of the service")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with served(options.model, options.threads, options.options) as (address, pid):
        return int(not asyncio.run(measure(address, pid, options)))


if __name__ == "__main__":
    sys.exit(main())
