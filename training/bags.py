"""Articles as bags of windows: the dataset that is trained on, and its batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from rasid.reading import read_article
from rasid.windows import cut_windows
from training.articles import LabelledArticle

# An article of this many windows has about 25,000 characters. Of longer ones windows at
# even distances are trained on, since all of a bag's windows are in memory at once.
MAX_TRAINED_WINDOWS = 32


def build_bags(
    articles: Sequence[LabelledArticle], labels: Sequence[str], tokenizer: Tokenizer
) -> Dataset:
    """One row an article: `windows` (ids), `labels` (0/1 a label), `length` in tokens.

    `first_window` numbers the windows through the whole dataset, for cached activations.
    """
    readings = [read_article(article.article).text for article in articles]
    bags = [
        _spread([window.ids for window in windows]) for windows in cut_windows(tokenizer, readings)
    ]
    firsts = np.cumsum([0, *map(len, bags)])[:-1]
    return Dataset.from_dict(
        {
            "windows": bags,
            "labels": [[float(label in a.labels) for label in labels] for a in articles],
            "length": [sum(map(len, bag)) for bag in bags],
            "first_window": firsts.tolist(),
        }
    )


def _spread(windows: list[list[int]]) -> list[list[int]]:
    if len(windows) <= MAX_TRAINED_WINDOWS:
        return windows
    places = np.linspace(0, len(windows) - 1, MAX_TRAINED_WINDOWS).round().astype(int)
    return [windows[place] for place in places]


@dataclass(frozen=True)
class BagCollator:
    """Flattens the bags of a batch into the inputs of `BagClassifier.forward`.

    `labels` comes first: the Trainer takes the batch size from the first tensor.
    With `activations` (tokens, hidden) the windows' rows of it take the place of ids;
    `starts` gives the first row of each window.
    """

    pad_id: int
    activations: NDArray[np.float16] | None = None
    starts: NDArray[np.int64] | None = None

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Collate dataset rows into tensors."""
        windows = [window for row in rows for window in row["windows"]]
        numbers = [row["first_window"] + i for row in rows for i in range(len(row["windows"]))]
        lengths = torch.tensor([len(window) for window in windows])
        return {
            "labels": torch.tensor([row["labels"] for row in rows]),
            "inputs": self._inputs(windows, numbers, int(lengths.max())),
            "lengths": lengths,
            "articles": torch.tensor(
                [place for place, row in enumerate(rows) for _ in row["windows"]]
            ),
        }

    def _inputs(self, windows: list[list[int]], numbers: list[int], longest: int) -> Tensor:
        if self.activations is None or self.starts is None:
            ids = torch.full((len(windows), longest), self.pad_id)
            for place, window in enumerate(windows):
                ids[place, : len(window)] = torch.tensor(window)
            return ids
        states = torch.zeros(len(windows), longest, self.activations.shape[1])
        for place, (window, number) in enumerate(zip(windows, numbers, strict=True)):
            start = self.starts[number]
            states[place, : len(window)] = torch.from_numpy(
                self.activations[start : start + len(window)].astype(np.float32)
            )
        return states
