"""The command from end to end, with a real model."""

import contextlib
import csv
import fcntl
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyarrow.parquet
import pytest

from serving.bulk.options import BulkOptions
from tests.bulk.command import PATIENCE, classify, command, environment, read_lines, write_lines
from tests.running import ROOT, run_service

ROWS = [
    {"id": "a-1", "text": "أوقفت الشرطة مهربي مخدرات في المدينة.", "title": "توقيف", "labels": []},
    {"id": 7, "text": "<p>اختراق خوادم وزارة من قبل قراصنة.</p>", "content_type": "text/html"},
    {"text": "  "},
    {"text": "قال المسؤول إن قوارب مهاجرين وصلت أمس.\nاقرأ أيضا\nجميع الحقوق محفوظة", "price": 1.5},
]
PROBLEMS = {3}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {"id": f"n-{number}", "text": f"خبر رقم {number}: حجز شحنة كوكايين. " * (1 + number % 7)}
        if number % 50
        else {"id": f"n-{number}"}
        for number in range(1, 401)
    ]
    return write_lines(tmp_path_factory.mktemp("many") / "many.jsonl", rows)


def test_same_results_as_the_server(tiny_artifact: Path, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "articles.jsonl", ROWS)
    model = ("--model", tiny_artifact, "--threads", "1")
    code, output, errors = classify(file, *model)
    entries = read_lines(output)
    assert code == 3
    assert "3 articles classified, 1 with a problem" in errors
    assert [(entry["source"], entry["line"]) for entry in entries] == [
        (str(file), line) for line in range(1, 5)
    ]
    assert entries[2] == {
        "source": str(file),
        "line": 3,
        "problem": "text: is empty or white space only",
    }
    assert f"{file}:3: text: is empty or white space only" in errors
    serve = [sys.executable, "-m", "serving", *map(str, model), "--log-level", "error"]
    with run_service(serve) as service:
        for row, entry in zip(ROWS, entries, strict=True):
            known = {key: row[key] for key in ("text", "title", "content_type") if key in row}
            if "id" in row:
                known["id"] = str(row["id"])
            answer = service.post("/classify", json=known)
            assert (answer.status_code == 200) == ("result" in entry)
            if "result" in entry:
                served = answer.json()
                served.pop("request_id")
                assert entry["result"] == served


def test_all_inputs_give_the_same_scores(tiny_artifact: Path, tmp_path: Path) -> None:
    texts = [row["text"] for row in ROWS if "content_type" not in row and row["text"].strip()]
    inputs = tmp_path / "inputs"
    (inputs / "below").mkdir(parents=True)
    write_lines(inputs / "a.jsonl", [{"text": text} for text in texts])
    with (inputs / "b.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["other", "text"], *(["x", text] for text in texts)])
    table = pyarrow.table({"id": [5, 6], "text": texts})
    pyarrow.parquet.write_table(table, inputs / "c.parquet")
    for number, text in enumerate(texts):
        (inputs / "below" / f"{number}.txt").write_text(text, "utf-8")
    (inputs / "notes.docx").write_bytes(b"PK")
    code, output, errors = classify(inputs, "--model", tiny_artifact, "--no-evidence")
    assert code == 0
    assert "1 files in folders are left out" in errors
    entries = read_lines(output)
    assert [(Path(entry["source"]).name, entry["line"]) for entry in entries] == [
        ("a.jsonl", 1),
        ("a.jsonl", 2),
        ("b.csv", 2),
        # The first text has one line, and the header another.
        ("b.csv", 3),
        ("0.txt", 1),
        ("1.txt", 1),
        ("c.parquet", 1),
        ("c.parquet", 2),
    ]
    assert [entries[place]["result"]["id"] for place in (6, 7)] == ["5", "6"]
    topics = [entry["result"]["topics"] for entry in entries]
    assert topics[0] == topics[2] == topics[4] == topics[6]
    assert topics[1] == topics[3] == topics[5] == topics[7]
    assert all(topic["evidence"] == [] for topic in topics[0])


def test_standard_input_to_standard_output(tiny_artifact: Path) -> None:
    rows = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS[:1])
    code, output, _ = classify(stdin=rows, RASID_MODEL=str(tiny_artifact))
    assert code == 0
    (entry,) = read_lines(output)
    assert (entry["source"], entry["line"], entry["result"]["id"]) == ("-", 1, "a-1")


def test_a_page_on_standard_input(tiny_artifact: Path) -> None:
    page = "<html><head><meta charset=windows-1256></head><body><p>حجز مخدرات.</p></body></html>"
    arguments = ("-", "--input-format", "html", "--model", tiny_artifact, "--format", "csv")
    code, output, _ = classify(*arguments, stdin=page.encode("windows-1256"))
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(output.decode()))
    assert (row["source"], row["line"]) == ("-", "1")


def test_tables_have_a_row_for_every_line(tiny_artifact: Path, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "articles.jsonl", ROWS)
    outputs = {name: tmp_path / f"out.{name}" for name in ("jsonl", "csv", "parquet")}
    for out in outputs.values():
        code, output, _ = classify(file, "--out", out, "--model", tiny_artifact)
        assert (code, output) == (3, b"")
    entries = read_lines(outputs["jsonl"].read_bytes())
    table = pyarrow.parquet.read_table(outputs["parquet"]).to_pylist()
    rows = list(csv.DictReader(io.StringIO(outputs["csv"].read_text("utf-8"), newline="")))
    assert len(table) == len(rows) == len(entries) == len(ROWS)
    assert list(table[0]) == list(rows[0])
    for entry, record, row in zip(entries, table, rows, strict=True):
        assert record["source"] == row["source"] == entry["source"]
        assert record["line"] == int(row["line"]) == entry["line"]
        assert record["problem"] == (row["problem"] or None) == entry.get("problem")
        if "result" not in entry:
            assert record["labels"] is None
            continue
        result = entry["result"]
        assert record["id"] == (row["id"] or None) == result["id"]
        assert record["labels"] == result["labels"]
        assert row["labels"] == "|".join(result["labels"])
        for topic in result["topics"]:
            assert record[topic["label"]] == topic["score"] == float(row[topic["label"]])
            assert (topic["label"] in record["review"]) == (topic["decision"] == "review")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "articles.jsonl", "out.csv", "out.jsonl", "out.parquet"
    ]  # fmt: skip


def started(out: Path, entries: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the journal of the run says that so many entries are safe."""
    journal = out.with_name(f"{out.name}.part.json")
    deadline = time.monotonic() + PATIENCE
    while not journal.exists() or json.loads(journal.read_text())["entries"] < entries:
        assert process.poll() is None, "it was done too soon"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_run_goes_on_where_it_was_stopped(
    tiny_artifact: Path, many: Path, tmp_path: Path
) -> None:
    """Killed, terminated, interrupted: in the end every line is there, and once."""
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    options = ("--model", tiny_artifact, "--threads", "1")
    assert classify(many, "--out", whole, *options)[0] == 3
    stops = [(signal.SIGKILL, -9, 40), (signal.SIGTERM, 143, 120), (signal.SIGINT, 130, 200)]
    for number, code, entries in stops:
        process = subprocess.Popen(
            command(many, "--out", out, *options),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started(out, entries, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, errors
        assert not out.exists()
    code, _, errors = classify(many, "--out", out, *options)
    assert code == 3
    assert "392 articles classified, 8 with a problem" in errors
    # Only what was left had to be done.
    shown = [int(line) for line in re.findall(r"many\.jsonl:(\d+):", errors)]
    assert shown == [line for line in range(50, 401, 50) if line > min(shown) - 1]
    assert min(shown) > 150
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == [out.name, whole.name]


def test_reader_that_has_enough(tiny_artifact: Path, many: Path) -> None:
    process = subprocess.Popen(
        command(many, "--model", tiny_artifact),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["line"] == 1
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait(PATIENCE) == 1
    assert "Traceback" not in errors
    process.stderr.close()


def test_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", [{"text": "خبر"}])
    out = tmp_path / "out.jsonl"
    code, _, errors = classify(file, "--out", out, "--model", tmp_path / "none")
    assert code == 1
    (line,) = errors.splitlines()
    assert str(tmp_path / "none") in line
    assert list(tmp_path.iterdir()) == [file]


def test_output_that_cannot_be_written(tiny_artifact: Path, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", [{"text": "خبر"}])
    out = tmp_path / "none" / "out.jsonl"
    code, _, errors = classify(file, "--out", out, "--model", tiny_artifact)
    assert code == 1
    assert "none" in errors
    assert "Traceback" not in errors


def test_progress_is_shown_on_a_terminal(tiny_artifact: Path, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", [{"text": "خبر"}] * 5)
    ours, theirs = os.openpty()
    rows, columns = 24, 80
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    process = subprocess.Popen(
        command(file, "--out", tmp_path / "o.jsonl", "--model", tiny_artifact),
        cwd=ROOT,
        env=environment(),
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    # Reading fails once nobody holds the other end.
    with contextlib.suppress(OSError):
        while more := os.read(ours, 4096):
            shown += more
    os.close(ours)
    assert process.wait(PATIENCE) == 0
    assert b"5/5" in shown


def test_every_option_is_documented() -> None:
    page = (ROOT / "docs" / "command.md").read_text("utf-8")
    for name in BulkOptions.__slots__:
        shown = {"evidence": "--no-evidence", "progress": "--no-progress", "inputs": "INPUT"}
        assert f"| `{shown.get(name, '--' + name.replace('_', '-'))}" in page
