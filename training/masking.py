"""Masked language modelling: windows of packed tokens with whole words masked."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training.articles import DataError
from training.packing import PackedTokens

# Of the masked tokens 80 % become the mask, 10 % a random token, 10 % stay (Devlin et al.
# 2019, BERT, arXiv 1810.04805, section 3.1).
_MASK_SHARE, _RANDOM_SHARE = 0.8, 0.1
IGNORED = -100
# Windows that are held out together, and the fewest in all of which one is held out.
_STRETCH = 20
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Masking:
    """How windows are masked: share of tokens, and the ids that are needed for it.

    `ordinary` are the ids that a random token is drawn from.
    """

    share: float
    mask_id: int
    ordinary: NDArray[np.int64]


class MaskedWindows(Dataset[dict[str, Tensor]]):
    """Windows of `size` tokens, each pass over them in another order with other masks.

    Item `i` is drawn from a random generator of its own, seeded with `seed` and `i`:
    the data of a run is the same whether it was interrupted or not, and on any number of
    processes. Windows run over the ends of articles, so that every position is trained.
    """

    def __init__(
        self,
        packed: PackedTokens,
        places: NDArray[np.int64],
        masking: Masking,
        *,
        size: int,
        frame: tuple[int, int],
        items: int,
        seed: int,
    ) -> None:
        self._packed = packed
        self._places = places
        self._masking = masking
        self._inner = size - len(frame)
        self._frame = frame
        self._items = items
        self._seed = seed
        self._order = functools.lru_cache(maxsize=1)(self._shuffled)

    def _shuffled(self, number: int) -> NDArray[np.int64]:
        """Order of the windows in pass `number`."""
        return np.random.default_rng((self._seed, number)).permutation(self._places)

    def __len__(self) -> int:
        return self._items

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        """`input_ids` (tokens,) with words masked, `labels` (tokens,) with -100 elsewhere."""
        if not 0 <= item < self._items:
            raise IndexError(item)
        number, place = divmod(item, len(self._places))
        start = int(self._order(number)[place]) * self._inner
        ids = self._packed.ids[start : start + self._inner].astype(np.int64)
        begins = np.array(self._packed.begins[start : start + self._inner])
        chance = np.random.default_rng((self._seed, number, place))
        masked, labels = mask_words(ids, begins, self._masking, self._frame[1], chance)
        first, last = self._frame
        return {
            "input_ids": torch.tensor([first, *masked, last]),
            "labels": torch.tensor([IGNORED, *labels, IGNORED]),
        }


def mask_words(
    ids: NDArray[np.int64],
    begins: NDArray[np.bool_],
    masking: Masking,
    separator: int,
    chance: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mask whole words until `masking.share` of the tokens is masked: (inputs, labels).

    Whole-word masking follows the BERT authors' release of May 2019 and AraBERT (Antoun et
    al. 2020, arXiv 2003.00104): all pieces of a chosen word are predicted.
    """
    # Begins of words that go on from the window before count as words as well.
    words = np.cumsum(begins) - int(begins[0]) if len(begins) else np.zeros(0, np.int64)
    lengths = np.bincount(words)
    order = chance.permutation(len(lengths))
    reached = np.cumsum(lengths[order])
    wanted = max(1, round(masking.share * len(ids)))
    chosen = np.zeros(len(lengths), np.bool_)
    chosen[order[: int(np.searchsorted(reached, wanted)) + 1]] = True
    picked = chosen[words] & (ids != separator)
    draw = chance.random(len(ids))
    inputs = ids.copy()
    inputs[picked & (draw < _MASK_SHARE)] = masking.mask_id
    swapped = picked & (draw >= _MASK_SHARE) & (draw < _MASK_SHARE + _RANDOM_SHARE)
    inputs[swapped] = chance.choice(masking.ordinary, int(swapped.sum()))
    return inputs, np.where(picked, ids, IGNORED)


def split_windows(
    ids: NDArray[np.unsignedinteger[Any]], separator: int, size: int, held_out: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the windows to train on, and of at most `held_out` to measure on.

    Held out are stretches at even distances; windows with a part of an article that is in one
    of them are in neither part. Raises `DataError` where a part would be empty.
    """
    count = len(ids) // size
    if count < _FEWEST:
        raise DataError(
            [f"{len(ids)} tokens are too few: at least {_FEWEST} windows of {size} are needed"]
        )
    ends = np.flatnonzero(np.asarray(ids) == separator) + 1
    free = np.ones(count, np.bool_)
    stretches = _stretches(count, min(held_out, count // _FEWEST))
    for stretch in stretches:
        # From the begin of the article that the stretch begins in to the end of its last one.
        first, last = stretch[0] * size, (stretch[-1] + 1) * size - 1
        before, within = np.searchsorted(ends, [first, last], side="right")
        begin = ends[before - 1] if before else 0
        free[begin // size : -(-ends[within] // size)] = False
    if not free.any():
        raise DataError(["the articles are too few: all of them would be held out"])
    return np.flatnonzero(free), np.concatenate(stretches)


def _stretches(count: int, wanted: int) -> list[NDArray[np.int64]]:
    parts = np.array_split(np.arange(count), max(1, wanted // _STRETCH))
    length = wanted // len(parts)
    return [part[(len(part) - length) // 2 :][:length] for part in parts]
