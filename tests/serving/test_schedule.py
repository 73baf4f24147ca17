"""Whose turn it is."""

import threading
from dataclasses import dataclass, field
from itertools import count

from serving.schedule import Schedule

SLICE = 256
_numbers = count()


@dataclass(eq=False)
class Article:
    """As much of a job as the schedule sees."""

    tokens: int
    over: bool = False
    number: int = field(default_factory=lambda: next(_numbers))

    def advance(self) -> None:
        self.tokens = max(0, self.tokens - SLICE)
        self.over = self.tokens == 0


def run_turn(schedule: Schedule) -> Article:
    job = schedule.take()
    assert job is not None
    job.advance()
    schedule.put(job)
    return job


def test_a_huge_article_does_not_hold_up_short_ones() -> None:
    schedule = Schedule()
    huge = Article(70_000)
    schedule.put(huge)
    run_turn(schedule)
    short = [Article(200) for _ in range(30)]
    for job in short:
        schedule.put(job)
    # Were they alone it would take 30 turns; every fourth is the huge one's.
    turns = [run_turn(schedule) for _ in range(40)]
    assert all(job.over for job in short)
    assert turns.count(huge) == 10


def test_a_huge_article_ends_however_many_short_ones_come() -> None:
    schedule = Schedule()
    huge = Article(70_000)
    schedule.put(huge)
    turns = 0
    while not huge.over:
        schedule.put(Article(200))
        run_turn(schedule)
        turns += 1
    assert turns <= 4 * (70_000 // SLICE + 1)


def test_no_article_is_overtaken_for_ever() -> None:
    schedule = Schedule()
    usual, huge = Article(3000), Article(70_000)
    schedule.put(usual)
    schedule.put(huge)
    turns = 0
    while not usual.over:
        # Shorter ones, more of them than there are turns.
        schedule.put(Article(200))
        schedule.put(Article(200))
        run_turn(schedule)
        turns += 1
    assert turns <= 2 * (3000 // SLICE + 1)


def test_a_short_article_passes_usual_ones() -> None:
    schedule = Schedule()
    usual = [Article(3000) for _ in range(9)]
    for job in usual:
        schedule.put(job)
    short = Article(200)
    schedule.put(short)
    assert short in [run_turn(schedule) for _ in range(4)]
    # Among the usual ones it is first come, first served.
    ended = []
    while len(ended) < len(usual):
        if (job := run_turn(schedule)).over:
            ended.append(job)
    assert ended[0] is usual[0]


def test_a_job_that_is_given_up_gets_no_turn() -> None:
    schedule = Schedule()
    gone, other = Article(10), Article(1000)
    schedule.put(gone)
    schedule.put(other)
    gone.over = True
    schedule.drop(gone)
    # Also when a worker puts it back that had it meanwhile.
    schedule.put(gone)
    assert [run_turn(schedule) for _ in range(4)] == [other] * 4
    schedule.drop(gone)


def test_workers_that_wait_get_what_comes_and_end_with_the_schedule() -> None:
    schedule = Schedule()
    taken = []

    def work() -> None:
        while (job := schedule.take()) is not None:
            taken.append(job)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    jobs = [Article(10) for _ in range(50)]
    for job in jobs:
        schedule.put(job)
    while len(taken) < len(jobs):
        pass
    schedule.close()
    for worker in workers:
        worker.join(30)
        assert not worker.is_alive()
    assert sorted(job.number for job in taken) == [job.number for job in jobs]
    schedule.put(Article(1))
    assert schedule.take() is None
