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
from tqdm import tqdm

from rasid.article import Article
from rasid.reading import read_article
from rasid.scores import Floats
from rasid.windows import cut_windows

# An article of this many windows has about 25,000 characters. Of longer ones windows at
# even distances are trained on, since all of a bag's windows are in memory at once.
MAX_TRAINED_WINDOWS = 32


def build_bags(
    articles: Sequence[Article], targets: Floats, tokenizer: Tokenizer, *, weight: float = 1
) -> Dataset:
    """One row an article: `windows` (ids), `labels`, `weight` in the loss, `length` in tokens.

    `targets` (articles, labels) are those of gold labels, or scores to be learned; NaN counts
    nowhere.
    """
    readings = [read_article(article).text for article in articles]
    bags = [
        _spread([window.ids for window in windows]) for windows in cut_windows(tokenizer, readings)
    ]
    return Dataset.from_dict(
        {
            "windows": bags,
            "labels": targets.tolist(),
            "weight": [float(weight)] * len(bags),
            "length": [sum(map(len, bag)) for bag in bags],
        }
    )


def uncut_bags(bags: Dataset) -> NDArray[np.int64]:
    """Rows of the bags that have all their windows, like the articles that are served."""
    counts = np.array([len(windows) for windows in bags["windows"]])
    return np.flatnonzero(counts < MAX_TRAINED_WINDOWS)


def number_windows(bags: Dataset, first: int) -> Dataset:
    """Add `first_window`: windows numbered through the dataset from `first`."""
    counts = [len(bag) for bag in bags["windows"]]
    numbers = first + np.cumsum([0, *counts])[:-1]
    return bags.add_column("first_window", numbers.tolist())


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
        lengths = torch.tensor([len(window) for window in windows])
        return {
            "labels": torch.tensor([row["labels"] for row in rows]),
            "inputs": self._inputs(rows, windows, int(lengths.max())),
            "weights": torch.tensor([row["weight"] for row in rows]),
            "lengths": lengths,
            "articles": torch.tensor(
                [place for place, row in enumerate(rows) for _ in row["windows"]]
            ),
        }

    def _inputs(self, rows: list[dict[str, Any]], windows: list[list[int]], longest: int) -> Tensor:
        if self.activations is None or self.starts is None:
            ids = torch.full((len(windows), longest), self.pad_id)
            for place, window in enumerate(windows):
                ids[place, : len(window)] = torch.tensor(window)
            return ids
        numbers = [row["first_window"] + i for row in rows for i in range(len(row["windows"]))]
        states = torch.zeros(len(windows), longest, self.activations.shape[1])
        for place, (window, number) in enumerate(zip(windows, numbers, strict=True)):
            start = self.starts[number]
            states[place, : len(window)] = torch.from_numpy(
                self.activations[start : start + len(window)].astype(np.float32)
            )
        return states


def network_logits(
    model: torch.nn.Module, bags: Dataset, pad_id: int, *, bf16: bool = False
) -> Floats:
    """Pooled logits of the network itself, an article at a time: (articles, labels)."""
    collate = BagCollator(pad_id)
    device = next(model.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        rows = [
            model(**{name: value.to(device) for name, value in collate([row]).items()})["logits"]
            for row in tqdm(bags, desc="scoring", disable=None)
        ]
    return torch.cat(rows).cpu().double().numpy()
