"""What is pre-trained on: whole words masked, articles packed, some of them held out."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from tokenizers import Tokenizer

from tests.tiny import ENCODER, write_articles
from training.archive import find_shards, read_archive
from training.articles import DataError
from training.masking import IGNORED, MaskedWindows, Masking, mask_words, split_windows
from training.packing import frame_ids, pack


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_articles(tmp_path_factory.mktemp("archive") / "articles.jsonl", count=120)


def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(ENCODER / "tokenizer.json"))


@given(
    begins=st_numpy.arrays(np.bool_, st.integers(1, 80)),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 2**32),
)
def test_words_are_masked_whole(begins: np.ndarray, share: float, seed: int) -> None:
    ids = np.arange(100, 100 + len(begins))
    masking = Masking(share, 4, np.arange(5, 50))
    inputs, labels = mask_words(ids, begins, masking, 2, np.random.default_rng(seed))
    masked = labels != IGNORED
    assert masked.sum() >= min(len(ids), max(1, round(share * len(ids))))
    assert (labels[masked] == ids[masked]).all()
    assert (inputs[~masked] == ids[~masked]).all()
    goes_on = np.flatnonzero(~begins[1:]) + 1
    assert (masked[goes_on] == masked[goes_on - 1]).all()


def test_separators_are_never_predicted() -> None:
    ids = np.array([2] * 30)
    masking = Masking(0.9, 4, np.arange(5, 50))
    _, labels = mask_words(ids, np.ones(30, np.bool_), masking, 2, np.random.default_rng(0))
    assert (labels == IGNORED).all()


def test_packed_windows_hold_the_articles_in_order(archive: Path, tmp_path: Path) -> None:
    articles = list(read_archive([archive], bad_input="refuse", report=pytest.fail))
    encode = tokenizer()
    packed = pack(articles, encode, tmp_path / "packed")
    first, last = frame_ids(encode)
    expected = [i for a in articles for i in encode.encode(a.article.text).ids[1:]]
    assert packed.ids.tolist() == expected
    assert packed.summary.tokens == len(expected)
    assert packed.summary.articles == {"": 120}
    words = encode.decode([int(i) for i in packed.ids[:60]]).split()
    assert packed.begins[:60].sum() == pytest.approx(len(words), abs=1)

    places, apart = split_windows(packed.ids, last, 62, 5)
    assert len(apart) == 5
    windows = MaskedWindows(
        packed, places, Masking(0.15, 4, np.arange(5, 50)),
        size=64, frame=(first, last), items=2 * len(places), seed=1,
    )  # fmt: skip
    seen = set()
    for item in range(len(places)):
        row = windows[item]
        whole = np.where(row["labels"] != IGNORED, row["labels"], row["input_ids"]).tolist()
        assert (whole[0], whole[-1]) == (first, last)
        seen.add(tuple(whole[1:-1]))
    stream = packed.ids.tolist()
    assert seen == {tuple(stream[p * 62 : p * 62 + 62]) for p in places.tolist()}
    again, second_pass = windows[0], windows[len(places)]
    assert all((again[key] == windows[0][key]).all() for key in again)
    assert any((again[key] != second_pass[key]).any() for key in again)


@given(
    lengths=st.lists(st.integers(1, 40), min_size=60, max_size=200),
    size=st.integers(4, 12),
    held_out=st.integers(1, 60),
)
def test_no_article_is_trained_and_measured_on(
    lengths: list[int], size: int, held_out: int
) -> None:
    ids = np.concatenate([[7] * (length - 1) + [2] for length in lengths]).astype(np.uint16)
    articles = np.repeat(np.arange(len(lengths)), lengths)
    if len(ids) // size < 10:
        with pytest.raises(DataError, match="too few"):
            split_windows(ids, 2, size, held_out)
        return
    places, apart = split_windows(ids, 2, size, held_out)

    def within(windows: np.ndarray) -> set[int]:
        return {int(a) for w in windows for a in articles[w * size : w * size + size]}

    assert len(places) > 0
    assert 0 < len(apart) <= held_out
    assert len(apart) >= 0.6 * min(held_out, len(ids) // size // 10)
    assert not within(places) & within(apart)
    left = set(range(len(ids) // size)) - set(places.tolist()) - set(apart.tolist())
    assert all(within(np.array([window])) & within(apart) for window in left)


def test_one_long_article_cannot_be_held_out_from_itself() -> None:
    with pytest.raises(DataError, match="all of them would be held out"):
        split_windows(np.array([7] * 199 + [2], np.uint16), 2, 10, 5)


def test_shards_are_found_in_folders(archive: Path) -> None:
    assert find_shards([archive.parent]) == [archive]
