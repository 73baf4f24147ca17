"""The student of a distillation: what it learns, and the batches that have it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.bags import BagCollator
from training.model import BagClassifier, pool_bags


class Student(nn.Module):
    """Loss of a student: its scores against the teachers', its features against the first's."""

    def __init__(self, network: BagClassifier, hidden_weight: float) -> None:
        super().__init__()
        self.network = network
        self._hidden_weight = hidden_weight

    def forward(
        self,
        labels: Tensor,
        inputs: Tensor,
        weights: Tensor,
        lengths: Tensor,
        articles: Tensor,
        features: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """As `BagClassifier.forward`, with the teacher's features (windows, 2 * hidden), if any.

        Without them the scores alone are learned.
        """
        own = self.network.features(inputs, lengths)
        window_logits = self.network.windows.head.classify(own).float()
        logits = pool_bags(window_logits, articles, len(labels), self.network.sharpness)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels, weights.unsqueeze(1))
        if features is not None:
            # Compared in direction and shape, not in size, which differs by dimension.
            shape = (own.shape[1],)
            hidden = nn.functional.mse_loss(
                nn.functional.layer_norm(own.float(), shape),
                nn.functional.layer_norm(features.float(), shape),
            )
            loss = loss + self._hidden_weight * hidden
        return {"loss": loss, "logits": logits}


@dataclass(frozen=True)
class StudentCollator:
    """The batches of `BagCollator` with the teacher's features of their windows."""

    bags: BagCollator
    features: NDArray[np.float16]

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Collate dataset rows into tensors."""
        spans = [(row["first_window"], len(row["windows"])) for row in rows]
        features = np.concatenate([self.features[first : first + n] for first, n in spans])
        return self.bags(rows) | {"features": torch.from_numpy(features.astype(np.float32))}
