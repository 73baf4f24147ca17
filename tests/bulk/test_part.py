import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from rasid.article import Article
from rasid.errors import SettingError
from serving.bulk.part import Part, open_part
from serving.bulk.reading import Submitted

RUN = {"--model": "a", "--max-chars": 9}


class Killed(BaseException):
    """What no code is prepared for."""


def submissions(count: int = 100, start: int = 0) -> Iterator[Submitted]:
    for line in range(start, start + count):
        yield Submitted("a.jsonl", line, Article(f"خبر {line}"))


def add(part: Part, submitted: Iterator[Submitted], count: int) -> None:
    for _ in range(count):
        each = next(submitted)
        part.add(each, f"{each.line}\n".encode(), problem=each.line % 10 == 0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def interrupted(out: Path, count: int) -> int:
    """A run that stops after `count` more entries; returns how many there were."""
    submitted, found = submissions(), 0
    with contextlib.suppress(Killed), open_part(out, RUN, submitted, restart=False) as part:
        found = part.entries
        add(part, submitted, count)
        raise Killed
    return found


def finished(out: Path, count: int, convert: Any = None) -> int:
    """A run that ends after `count` more entries; returns how many there were."""
    submitted = submissions()
    with open_part(out, RUN, submitted, restart=False) as part:
        found = part.entries
        add(part, submitted, count)
        part.finish(convert)
    return found


def names(out: Path) -> list[str]:
    return sorted(file.name for file in out.parent.iterdir())


def test_every_entry_is_there_once_however_often_it_stops(out: Path) -> None:
    done = 0
    for more in (0, 1, 19, 1, 30):
        assert interrupted(out, more) == done
        done += more
    assert finished(out, 100 - done) == done
    assert out.read_text() == "".join(f"{line}\n" for line in range(100))
    assert names(out) == ["out.jsonl"]


def test_what_was_written_after_the_last_checkpoint_is_written_again(out: Path) -> None:
    interrupted(out, 20)
    # As a kill leaves it: more in the file than the journal knows of, the last of it cut off.
    with (out.parent / "out.jsonl.part").open("ab") as file:
        file.write(b"20\n21\n2")
    assert finished(out, 80) == 20
    assert out.read_text() == "".join(f"{line}\n" for line in range(100))


def test_output_is_converted_in_one_step(out: Path) -> None:
    def fail(entries: BinaryIO, path: Path) -> None:
        path.write_bytes(entries.read()[:10])
        raise OSError("the disk is full")

    def convert(entries: BinaryIO, path: Path) -> None:
        path.write_bytes(entries.read().replace(b"\n", b";"))

    with pytest.raises(OSError, match="full"):
        finished(out, 100, fail)
    assert not out.exists()
    assert finished(out, 0, convert) == 100
    assert out.read_bytes().startswith(b"0;1;2;")
    assert names(out) == ["out.jsonl"]


def test_problems_are_counted_over_all_runs(out: Path) -> None:
    interrupted(out, 25)
    submitted = submissions()
    with open_part(out, RUN, submitted, restart=False) as part:
        assert part.problems == 3
        add(part, submitted, 75)
        assert part.problems == 10


@pytest.mark.parametrize(
    ("run", "start", "message"),
    [
        (RUN | {"--model": "b"}, 0, "differs in --model;"),
        (RUN | {"--max-chars": 8, "--more": 1}, 0, "differs in --max-chars, --more;"),
        (RUN, 1, "began otherwise"),
    ],
)
def test_part_of_another_run_is_left_alone(out: Path, run, start: int, message: str) -> None:
    interrupted(out, 20)
    before = {name: (out.parent / name).read_bytes() for name in names(out)}
    with (
        pytest.raises(SettingError, match=message),
        open_part(out, run, submissions(start=start), restart=False),
    ):
        pass
    assert {name: (out.parent / name).read_bytes() for name in names(out)} == before


def test_inputs_may_have_grown_but_not_shrunk(out: Path) -> None:
    interrupted(out, 20)
    with (
        pytest.raises(SettingError, match="began otherwise"),
        open_part(out, RUN, submissions(19), restart=False),
    ):
        pass
    with open_part(out, RUN, submissions(500), restart=False) as part:
        assert part.entries == 20


def test_restart_begins_anew(out: Path) -> None:
    interrupted(out, 20)
    submitted = submissions(3, start=7)
    with open_part(out, RUN | {"--model": "b"}, submitted, restart=True) as part:
        assert part.entries == 0
        add(part, submitted, 3)
        part.finish(None)
    assert out.read_text() == "7\n8\n9\n"
    with (
        pytest.raises(SettingError, match="already there"),
        open_part(out, RUN, submissions(), restart=False),
    ):
        pass
    submitted = submissions(1)
    with open_part(out, RUN, submitted, restart=True) as part:
        add(part, submitted, 1)
        # What is there stays until its successor is whole.
        assert out.read_text() == "7\n8\n9\n"
        part.finish(None)
    assert out.read_text() == "0\n"


def test_two_runs_do_not_write_one_file(out: Path) -> None:
    with (
        open_part(out, RUN, submissions(), restart=False),
        pytest.raises(SettingError, match="another process"),
        open_part(out, RUN, submissions(), restart=True),
    ):
        pass


def test_part_that_does_not_fit_its_journal(out: Path) -> None:
    interrupted(out, 20)
    part, journal = (out.with_name(f"out.jsonl.{name}") for name in ("part", "part.json"))
    part.write_bytes(part.read_bytes()[:-1])
    with (
        pytest.raises(SettingError, match="has lost entries"),
        open_part(out, RUN, submissions(), restart=False),
    ):
        pass
    journal.write_text(json.dumps({"run": RUN}))
    with (
        pytest.raises(SettingError, match="no journal"),
        open_part(out, RUN, submissions(), restart=False),
    ):
        pass


def test_run_that_was_killed_before_its_first_checkpoint(out: Path) -> None:
    out.with_name("out.jsonl.part").write_bytes(b"0\n1")
    assert finished(out, 2) == 0
    assert out.read_text() == "0\n1\n"
