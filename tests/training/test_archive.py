"""Unlabelled archives: every shard form, every kind of bad input, near-duplicates, choosing."""

import gzip
import json
import time
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.tiny import ENCODER, VOCABULARY, write_articles
from training.archive import find_shards, read_archive
from training.articles import DataError
from training.choose import choose, main, parse_options
from training.duplicates import NearDuplicates

TEXT = "أعلنت البلدية عن برنامج جديد لصيانة الحدائق العمومية في المدينة."


def line(**fields: object) -> str:
    return json.dumps({"text": TEXT} | fields, ensure_ascii=False) + "\n"


def read(*shards: Path, bad_input: str = "skip", **options: object) -> tuple[list[str], list[str]]:
    problems: list[str] = []
    found = read_archive(shards, bad_input=bad_input, report=problems.append, **options)  # type: ignore[arg-type]
    return [article.id for article in found], problems


def test_plain_and_compressed_shards_hold_the_same(tmp_path: Path) -> None:
    content = (line(id="a") + "\n" + line(id="b", source="x")).encode()
    frames = zstandard.compress(content[:100]) + zstandard.compress(content[100:])
    (tmp_path / "1.jsonl").write_bytes(content.rstrip())
    (tmp_path / "2.jsonl.gz").write_bytes(gzip.compress(content))
    (tmp_path / "3.jsonl.zst").write_bytes(frames)
    shards = find_shards([tmp_path])
    assert read(*shards) == (["a", "b"] * 3, [])
    assert read(*shards, leave_out=frozenset({"x"})) == (["a"] * 3, [])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{not json", "is not JSON"),
        ("[1]", "text: is missing"),
        (line(text=7), "text: is missing or not a string"),
        (line(text="   "), "is empty"),
        (line(text="Only English words in this text"), "hardly Arabic"),
        (line(title=3), "title: is not a string"),
    ],
)
def test_bad_lines_are_named_and_skipped_or_refused(tmp_path: Path, bad: str, said: str) -> None:
    shard = tmp_path / "shard.jsonl"
    shard.write_text(line(id="a") + bad.rstrip("\n") + "\n" + line(id="b"), "utf-8")
    ids, problems = read(shard)
    assert ids == ["a", "b"]
    assert len(problems) == 1
    assert problems[0].startswith(f"{shard}:2: ")
    assert said in problems[0]
    with pytest.raises(DataError, match=r"shard\.jsonl:2: "):
        read(shard, bad_input="refuse")


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    shard = tmp_path / "shard.jsonl"
    shard.write_bytes('{"text": "خبر"}\n'.encode("windows-1256"))
    ids, (problem,) = read(shard)
    assert ids == []
    assert problem == f"{shard}:1: byte 10 is not UTF-8"


def test_blank_lines_count_and_a_byte_order_mark_does_not(tmp_path: Path) -> None:
    shard = tmp_path / "shard.jsonl"
    shard.write_bytes(b"\xef\xbb\xbf" + f"{line(id='a')}\n \n{line()}\n[1]\n".encode())
    assert read(shard) == (
        ["a", f"{shard}:4"],
        [f"{shard}:6: text: is missing or not a string"],
    )
    shard.write_text("\n \n\n", "utf-8")
    assert read(shard) == ([], [f"{shard}: is empty"])


def test_a_shard_that_is_damaged_inside_is_named(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(line(id="a").encode()))
    content[10] = 0xFF
    shard = tmp_path / "shard.jsonl.gz"
    shard.write_bytes(content)
    ids, (problem,) = read(shard)
    assert ids == []
    assert problem.startswith(f"{shard}:1: cannot be read on")


@pytest.mark.parametrize("suffix", ["zst", "gz"])
def test_a_shard_that_is_cut_off_gives_what_is_whole(tmp_path: Path, suffix: str) -> None:
    lines = [line(id=str(i), text=f"{TEXT} {'ابتث'[i % 4] * (i % 50)} {i}") for i in range(30_000)]
    content = "".join(lines).encode()
    whole = zstandard.compress(content) if suffix == "zst" else gzip.compress(content)
    shard = tmp_path / f"shard.jsonl.{suffix}"
    shard.write_bytes(whole[: len(whole) // 2])
    ids, problems = read(shard)
    assert 0 < len(ids) < 30_000
    assert ids == [str(i) for i in range(len(ids))]
    assert any("cannot be read on" in problem for problem in problems)


def test_empty_shards_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no \.jsonl"):
        find_shards([tmp_path])
    with pytest.raises(DataError, match="neither a folder"):
        find_shards([tmp_path / "missing.jsonl"])
    shard = tmp_path / "empty.jsonl"
    shard.touch()
    assert read(shard) == ([], [f"{shard}: is empty"])
    (tmp_path / "no.jsonl.zst").write_bytes(b"not compressed at all")
    _, (problem,) = read(tmp_path / "no.jsonl.zst")
    assert "no.jsonl.zst:1: cannot be read on" in problem


def test_near_duplicates_are_found_through_marks_and_edits() -> None:
    index = NearDuplicates(Tokenizer.from_file(str(ENCODER / "tokenizer.json")))
    long = " ".join(f"كلمة{n} في الجملة{n}" for n in range(60))
    index.add("long", long)
    index.add("other", " ".join(f"شيء{n} آخر{n}" for n in range(60)))
    index.add("without words", "...")
    assert index.find(long + " وإضافة قصيرة في النهاية") == ["long"]
    assert index.find(" ".join(reversed(long.split()))) == []
    assert index.find("") == []


@given(shared=st.integers(1, 80), extra=st.integers(0, 80), rest=st.integers(0, 80))
def test_near_duplicates_are_told_by_all_that_they_share(
    shared: int, extra: int, rest: int
) -> None:
    """3-grams of words of which each occurs once: the shared ones can be counted."""
    index = NearDuplicates(Tokenizer.from_file(str(ENCODER / "tokenizer.json")))
    common = [f"كلمة{n}" for n in range(shared + 2)]
    index.add("indexed", " ".join([*common, *(f"شيء{n}" for n in range(extra))]))
    found = index.find(" ".join([*common, *(f"آخر{n}" for n in range(rest))]))
    smaller = shared + min(extra, rest)
    alike = shared / (shared + extra + rest) >= 0.5
    within = smaller >= 30 and shared >= 0.8 * smaller
    assert found == (["indexed"] if alike or within else [])


def test_many_texts_that_share_a_sentence_are_searched_quickly() -> None:
    index = NearDuplicates(Tokenizer.from_file(str(ENCODER / "tokenizer.json")))
    for number in range(2_000):
        index.add(str(number), f"{TEXT} " + " ".join(f"ك{number}ل{n}" for n in range(40)))
    started = time.monotonic()
    assert all(index.find(f"{TEXT} " + f"جديد{n} " * 40) == [] for n in range(50))
    assert time.monotonic() - started < 30


def test_choosing_takes_each_label_in_turn() -> None:
    chance = np.random.default_rng(0)
    scores = chance.random((200, 3)).astype(np.float32)
    scores[:100, 0] += 1
    fresh = np.ones(200, np.bool_)
    fresh[:50] = False
    chosen = choose(scores, fresh, 60, random_share=0.0, seed=1)
    assert len(set(chosen)) == 60
    assert min(chosen) >= 50
    for label in range(3):
        best = int(np.argmax(np.where(fresh, scores[:, label], -1)))
        assert best in chosen[:6]
    mixed = choose(scores, fresh, 60, random_share=0.1, seed=1)
    at_random = np.random.default_rng(1).permutation(np.flatnonzero(fresh))[:6]
    assert [row for row in mixed if row in at_random] == at_random.tolist()
    places = [mixed.index(row) for row in at_random]
    assert np.abs(np.diff([-5, *places, 65]) - 10).max() <= 1
    for label in range(3):
        left = np.where(fresh & ~np.isin(np.arange(200), at_random), scores[:, label], -1)
        assert int(left.argmax()) in mixed[:6]
    everything = choose(scores, fresh, 1000, random_share=0.1, seed=1)
    assert sorted(everything) == list(range(50, 200))


def test_the_chosen_are_relevant_and_none_of_them_is_known(tmp_path: Path) -> None:
    labelled = write_articles(tmp_path / "labelled.jsonl", count=60)
    archive = write_articles(tmp_path / "archive.jsonl", count=90, seed=1)
    rows = [json.loads(row) for row in archive.read_text("utf-8").splitlines()]
    known = json.loads(labelled.read_text("utf-8").splitlines()[5])
    copies = [
        {"id": "copy", "text": known["text"]},
        {"id": known["id"], "text": rows[0]["text"] + " وخبر آخر"},
    ]
    for number, row in enumerate(rows):
        row["id"] = f"archive-{number}"
    lines = [json.dumps(row, ensure_ascii=False) for row in [*rows, *copies, rows[3]]]
    archive.write_text("\n".join(lines), "utf-8")
    out = tmp_path / "chosen.jsonl.zst"
    arguments = [str(archive), "--labelled", str(labelled), "--out", str(out), "--count", "20"]
    main(parse_options([*arguments, "--random-share", "0"]))
    with zstandard.open(out, "rt", encoding="utf-8") as file:
        chosen = [json.loads(row) for row in file]
    ids = [row["id"] for row in chosen]
    assert len(set(ids)) == 20
    assert not {"copy", known["id"]} & set(ids)
    by_id = {row["id"]: row for row in rows}
    assert all(by_id[i]["labels"] for i in ids)
    assert set(VOCABULARY) == set(chosen[0]["linear"])
    with pytest.raises(Exception, match="already there"):
        main(parse_options([*arguments]))


def test_blank_lines_count_as_lines(tmp_path: Path) -> None:
    shard = tmp_path / "a.jsonl"
    shard.write_text("\n\n" + line(id="a") + "\n{broken\n", "utf-8")
    ids, problems = read(shard)
    assert ids == ["a"]
    assert [problem.split(": ")[0] for problem in problems] == [f"{shard}:5"]
    shard.write_text("\n \n", "utf-8")
    assert read(shard) == ([], [f"{shard}: is empty"])
