"""Hyper-parameters of fine-tuning."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FitSettings:
    """Hyper-parameters of one fine-tuning run; recorded in the manifest.

    `encoder_rate` is the learning rate of the top layer; each layer below has
    `layer_decay` times that of the one above it. `unsure_softness` is how far the target
    of an unsure label lies from 0 or 1. The dev part is measured `evaluations` times an epoch,
    and training stops after `patience` measurements without a better one.
    """

    epochs: float = 3.0
    batch_articles: int = 4
    accumulate: int = 4
    encoder_rate: float = 1.2e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.9
    warmup: float = 0.06
    dropout: float = 0.1
    class_weights: bool = True
    unsure_softness: float = 0.0
    freeze_layers: int = 0
    evaluations: int = 2
    patience: int = 3
    seed: int = 17
