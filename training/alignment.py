"""Two encoders with different vocabularies reading the same text, token beside token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import PreTrainedModel

from rasid.reading import read_article
from training.archive import ArchiveArticle
from training.model import encoder_layers

# The states after these shares of the layers are learned; the last ones are what a head sees.
_DEPTHS = (1 / 3, 2 / 3, 1.0)
_LEAST = 1e-3
_JOINED, _BETWEEN = 64, "\n"
# Special tokens of a window.
_FRAME = 2


class TextWindows(Dataset[dict[str, str]]):
    """Texts of one window each, cut from articles where the tokenizer's windows end.

    Windows run over the ends of articles, so that nearly all of them are full.
    """

    def __init__(self, articles: Sequence[ArchiveArticle], tokenizer: Tokenizer) -> None:
        texts = [read_article(article.article).text for article in articles]
        rows = [
            _BETWEEN.join(texts[first : first + _JOINED]) for first in range(0, len(texts), _JOINED)
        ]
        self._texts = [
            row[encoding.offsets[1][0] : encoding.offsets[-2][1]]
            for row, begin in zip(rows, tokenizer.encode_batch(rows), strict=True)
            for encoding in (begin, *begin.overflowing)
            if len(encoding.ids) > _FRAME
        ]

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, item: int) -> dict[str, str]:
        """The text of a window."""
        return {"text": self._texts[item]}


@dataclass(frozen=True)
class AlignedCollator:
    """Tokenises texts for student and teacher, with the way from one's tokens to the other's.

    `own` tokenizes for the student, `other` for the teacher; both must not pad.
    """

    own: Tokenizer
    other: Tokenizer
    pads: tuple[int, int]

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Ids and masks of both, and `overlap` (windows, student tokens, teacher tokens).

        A row of `overlap` adds up to 1: the parts of a student's token that each of the
        teacher's takes; it is 0 for padding, and for a token that no teacher's token overlaps.
        """
        texts = [row["text"] for row in rows]
        pairs = (self.own.encode_batch(texts), self.other.encode_batch(texts))
        batch: dict[str, Tensor] = {}
        for name, encodings, pad in zip(("", "teacher_"), pairs, self.pads, strict=True):
            longest = max(len(encoding.ids) for encoding in encodings)
            ids = torch.full((len(texts), longest), pad)
            mask = torch.zeros(len(texts), longest, dtype=torch.long)
            for row, encoding in enumerate(encodings):
                ids[row, : len(encoding.ids)] = torch.tensor(encoding.ids)
                mask[row, : len(encoding.ids)] = 1
            batch |= {f"{name}input_ids": ids, f"{name}attention_mask": mask}
        overlap = np.zeros(
            (len(texts), batch["input_ids"].shape[1], batch["teacher_input_ids"].shape[1]),
            np.float32,
        )
        for row, (own, other) in enumerate(zip(*pairs, strict=True)):
            overlap[row, : len(own.ids), : len(other.ids)] = overlaps(own, other)
        return batch | {"overlap": torch.from_numpy(overlap)}


def overlaps(own: Encoding, other: Encoding) -> NDArray[np.float32]:
    """Which share of each token of `own` each token of `other` takes: (own, other)."""
    a, b = np.array(own.offsets), np.array(other.offsets)
    shared = np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    shared = shared.clip(0)
    # The frame of special tokens has no characters.
    shared[0, 0] = shared[-1, -1] = 1
    shares: NDArray[np.float32] = (shared / shared.sum(1, keepdims=True).clip(1)).astype(np.float32)
    return shares


class AlignedStudent(nn.Module):
    """How far a student's states are from the teacher's, read over the same characters.

    Every dimension of the teacher's states is brought to mean 0 and variance 1 (`fit_scale`),
    so that the loss is the share of their variance that the student does not explain.
    """

    def __init__(self, student: PreTrainedModel, teacher: PreTrainedModel) -> None:
        super().__init__()
        self.student = student
        self.teacher = teacher.requires_grad_(requires_grad=False)
        counts = [len(encoder_layers(model)) for model in (student, teacher)]
        self._layers = [tuple(max(1, round(depth * n)) for n in counts) for depth in _DEPTHS]
        hidden = teacher.config.hidden_size
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(len(_DEPTHS), hidden), persistent=False)
        self.register_buffer("deviation", torch.ones(len(_DEPTHS), hidden), persistent=False)

    def train(self, mode: bool = True) -> "AlignedStudent":
        """The teacher stays as it is."""
        super().train(mode)
        self.teacher.train(False)
        return self

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        teacher_input_ids: Tensor,
        teacher_attention_mask: Tensor,
        overlap: Tensor,
    ) -> dict[str, Tensor]:
        """The loss, averaged over tokens and depths."""
        targets, kept = self.targets(teacher_input_ids, teacher_attention_mask, overlap)
        states = self.student(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        ).hidden_states
        own = torch.stack([states[layer][kept] for layer, _ in self._layers]).float()
        own = (own - self.mean.unsqueeze(1)) / self.deviation.unsqueeze(1)
        return {"loss": nn.functional.mse_loss(own, targets)}

    @torch.no_grad()
    def targets(self, ids: Tensor, mask: Tensor, overlap: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled states of the teacher for the student's tokens, (depths, tokens, hidden).

        Beside them which of the student's tokens (windows, tokens) they are for.
        """
        kept = overlap.sum(-1) > 0
        states = self.teacher(
            input_ids=ids, attention_mask=mask, output_hidden_states=True
        ).hidden_states
        spread = torch.stack([(overlap @ states[layer].float())[kept] for _, layer in self._layers])
        return (spread - self.mean.unsqueeze(1)) / self.deviation.unsqueeze(1), kept

    def fit_scale(self, batch: dict[str, Tensor]) -> None:
        """Take mean and deviation of the teacher's states from one batch of windows."""
        ids, mask = batch["teacher_input_ids"], batch["teacher_attention_mask"]
        spread, _ = self.targets(ids, mask, batch["overlap"])
        self.mean = spread.mean(1)
        self.deviation = spread.std(1).clamp_min(_LEAST)
