"""How much is let in, when to come back, and who waits for room."""

import asyncio
from contextlib import ExitStack

import pytest

from serving.admission import HUGE_TOKENS, Admission, expected_tokens
from serving.errors import Overloaded


def refused(admission: Admission, tokens: int) -> int:
    """After how many seconds a request of `tokens` may come back."""
    with pytest.raises(Overloaded) as refusal, admission.admit(tokens):
        pass
    return int(refusal.value.headers["Retry-After"])


def test_requests_are_let_in_until_too_much_would_go_before() -> None:
    admission = Admission(100, workers=1)
    with admission.admit(60), admission.admit(40), admission.admit(1):
        assert admission.tokens_in_flight == 101
        refused(admission, 1)
    assert admission.tokens_in_flight == 0


def test_a_request_as_large_as_you_like_is_let_in_where_nothing_waits() -> None:
    admission = Admission(10, workers=1)
    with admission.admit(1_000_000):
        refused(admission, 11)


def test_a_huge_article_does_not_close_the_door_to_others() -> None:
    admission = Admission(100, workers=1)
    with admission.admit(1_000_000):
        with admission.admit(50), admission.admit(50):
            pass
        # One as huge has to wait its turn.
        refused(admission, 1_000_000)


def test_what_has_been_done_counts_no_longer() -> None:
    admission = Admission(10, workers=1)
    with admission.admit(50) as ticket:
        refused(admission, 50)
        ticket.tokens -= 40
        with admission.admit(50):
            pass


def test_the_place_of_a_request_that_fails_is_free_again() -> None:
    admission = Admission(10, workers=1)
    with pytest.raises(RuntimeError), admission.admit(50):
        raise RuntimeError
    assert admission.tokens_in_flight == 0


@pytest.mark.parametrize(("workers", "seconds"), [(1, 8), (2, 4)])
def test_when_to_come_back_is_reckoned_from_queue_and_rate(workers: int, seconds: int) -> None:
    admission = Admission(1000, workers=workers)
    for _ in range(50):
        # 50 tokens a second of each worker; slices without tokens take time as well.
        admission.record(100, 1.0)
        admission.record(0, 1.0)
    with admission.admit(1390):
        assert refused(admission, 9999) == seconds
    with admission.admit(1001):
        assert refused(admission, 9999) == 1


def test_before_anything_was_measured_a_second_has_to_do() -> None:
    admission = Admission(1, workers=1)
    with admission.admit(1_000_000):
        assert refused(admission, 1_000_000) == 1


def test_expected_tokens_grow_with_the_text_and_evidence() -> None:
    assert expected_tokens(0, evidence=False) == expected_tokens(3, evidence=False) > 0
    assert expected_tokens(1000, evidence=False) == 330
    assert expected_tokens(1000, evidence=True) == 660
    # Evidence is looked for in the best windows only.
    assert expected_tokens(200_000, evidence=True) < 1.1 * expected_tokens(200_000, evidence=False)


def test_of_a_page_less_is_expected_than_of_a_text() -> None:
    plain = expected_tokens(10_000, evidence=False)
    assert expected_tokens(100_000, evidence=False, html=True) == plain
    assert expected_tokens(3, evidence=False, html=True) > 0


class Waiting:
    """Lines that wait for room in an admission, and the order in which they got it."""

    def __init__(self, admission: Admission) -> None:
        self.let_in: list[str] = []
        self.lines: dict[str, asyncio.Task[None]] = {}
        self._admission = admission

    async def begin(self, name: str, tokens: int) -> None:
        self.lines[name] = asyncio.create_task(self._wait(name, tokens))
        await settle()

    async def _wait(self, name: str, tokens: int) -> None:
        await self._admission.wait_for_room(tokens)
        self.let_in.append(name)
        with self._admission.admit(tokens):
            await asyncio.Event().wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_lines_wait_in_turn_until_there_is_room() -> None:
    async def run() -> None:
        admission = Admission(100, workers=1)
        waiting = Waiting(admission)
        with ExitStack() as held:
            held.enter_context(admission.admit(60))
            ticket = held.enter_context(admission.admit(60))
            for name in "abc":
                await waiting.begin(name, 80)
            assert waiting.let_in == []
            # A slice makes room as well as the end of a request.
            ticket.tokens = 0
            admission.record(60, 0.1)
            await settle()
            assert waiting.let_in == ["a"]
        await settle()
        assert waiting.let_in == ["a", "b"]
        waiting.lines["a"].cancel()
        await settle()
        assert waiting.let_in == ["a", "b", "c"]

    asyncio.run(run())


def test_huge_lines_keep_no_others_waiting() -> None:
    async def run() -> None:
        admission = Admission(100, workers=1)
        waiting = Waiting(admission)
        with admission.admit(1_000_000):
            await waiting.begin("huge", HUGE_TOKENS + 1)
            await waiting.begin("short", 50)
            assert waiting.let_in == ["short"]
        await settle()
        assert waiting.let_in == ["short", "huge"]

    asyncio.run(run())


def test_a_line_that_is_given_up_lets_the_next_one_on() -> None:
    async def run() -> None:
        admission = Admission(100, workers=1)
        waiting = Waiting(admission)
        with admission.admit(101):
            await waiting.begin("first", 50)
            await waiting.begin("second", 50)
            waiting.lines["first"].cancel()
            await settle()
        await settle()
        assert waiting.let_in == ["second"]
        assert admission.tokens_in_flight == 50

    asyncio.run(run())
