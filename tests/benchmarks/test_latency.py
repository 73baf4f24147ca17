"""Encoders side by side: the same text, in turns, with ratios round by round."""

import sys
from pathlib import Path

import pytest

from benchmarks import latency
from tests.tiny import write_encoder
from training.encoders import OURS
from training.timing import time_in_turns


def test_encoders_are_timed_in_turns() -> None:
    order: list[str] = []
    runs = {name: (lambda name=name: order.append(name)) for name in ("a", "b", "c")}
    times = time_in_turns(runs, 2)
    assert order == ["a", "b", "c"] * 3
    assert [len(seconds) for seconds in times.values()] == [2, 2, 2]


def test_ratios_are_those_of_the_same_round() -> None:
    times = {latency.ARABERT: [1.0, 2.0, 4.0], "compact": [0.5, 0.5, 1.0]}
    *_, whole, compact = latency.table(times, {latency.ARABERT: 9, "compact": 12})
    assert whole == "| AraBERT's size | 9 | 2.000 (1.000-4.000) | 1.00 (1.00-1.00) |"
    assert compact == "| compact | 12 | 0.500 (0.500-1.000) | 4.00 (2.00-4.00) |"


def test_the_command_prints_machine_and_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = write_encoder(tmp_path / "small")
    monkeypatch.setattr(latency, "random_arabert", lambda *_: small)
    monkeypatch.setattr(latency, "Windowing", lambda: latency_windows)
    monkeypatch.setitem(OURS, "compact", small)
    monkeypatch.setitem(OURS, "swift", tmp_path / "swift")
    told = ["latency", "--arabert", "its tokenizer", "--rounds", "1", "--words", "60"]
    monkeypatch.setattr(sys, "argv", told)
    latency.main()
    printed = capsys.readouterr()
    assert "swift: not timed, there is no folder" in printed.err
    assert printed.out.startswith("60 words, ")
    assert "CPU flags: " in printed.out
    for name in (latency.ARABERT, "compact"):
        assert f"| {name} | " in printed.out


latency_windows = latency.Windowing(size=64, overlap=8)
