"""A checkpoint with its masked-language-model head, and the Trainer that continues it."""

import functools
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel, Trainer

from training.hardware import training_attention
from training.masking import IGNORED

_WEIGHT_DECAY = 0.01


def load_language_model(folder: Path) -> tuple[PreTrainedModel, bool]:
    """Load a checkpoint in float32 with its head, or with a new one: (model, head is new).

    Dropout is off, as it is when fine-tuning (see `training.model.load_encoder`). The model's
    forward pass is `masked_loss`, which spares the head all tokens that are not masked.
    """
    config = AutoConfig.from_pretrained(folder)
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(config, name):
            setattr(config, name, 0.0)
    model, info = AutoModelForMaskedLM.from_pretrained(
        folder,
        config=config,
        dtype=torch.float32,
        attn_implementation=training_attention(),
        output_loading_info=True,
    )
    prefix = f"{model.base_model_prefix}."
    new_head = any(not name.startswith(prefix) for name in info["missing_keys"])
    heads = [child for name, child in model.named_children() if f"{name}." != prefix]
    # Families with a head of several modules (DistilBERT, ELECTRA) run it on all tokens.
    if len(heads) == 1:
        model.forward = functools.partial(masked_loss, model.base_model, heads[0])
    return model, new_head


def masked_loss(
    encoder: nn.Module, head: nn.Module, input_ids: Tensor, labels: Tensor
) -> dict[str, Tensor]:
    """Mean loss over the masked tokens of whole windows: ids and labels (windows, tokens)."""
    states = encoder(input_ids=input_ids).last_hidden_state
    masked = labels != IGNORED
    logits = head(states[masked]).float()
    return {"loss": nn.functional.cross_entropy(logits, labels[masked])}


class LanguageModelTrainer(Trainer):
    """The Trainer with one warm-up for the encoder and an earlier one for a new head.

    A new head is learned first, with the encoder at rate 0 for `head_steps` steps: its
    random gradients would spoil what the encoder knows. (The rate, and not
    `requires_grad`: the graph stays the same for all processes and when resumed.)
    """

    def __init__(
        self, *, rate: float, head_steps: int, warmup: float, step_tokens: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self._rate, self._head_steps, self._warmup = rate, head_steps, warmup
        self._step_tokens = step_tokens
        self._logged: tuple[float, int] | None = None

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW; the encoder with its embeddings, and the head, of each weights and the rest."""
        if self.optimizer is None:
            whole: PreTrainedModel = self.accelerator.unwrap_model(self.model)
            encoder = list(whole.base_model.parameters())
            own = {id(parameter) for parameter in encoder}
            head = [p for p in whole.parameters() if id(p) not in own]
            # Norms and biases are not drawn towards zero.
            groups = [
                {
                    "params": [p for p in part if (p.dim() > 1) is weights],
                    "weight_decay": _WEIGHT_DECAY if weights else 0.0,
                }
                for part in (encoder, head)
                for weights in (True, False)
            ]
            self.optimizer = torch.optim.AdamW(groups, lr=self._rate, betas=(0.9, 0.98))
        return self.optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Linear warm-up and decay to zero; the encoder's begins after the head's steps."""
        if self.lr_scheduler is None:
            optimizer = optimizer or self.optimizer
            assert optimizer is not None

            def shape(step: int, first: int) -> float:
                rising = max(1, round(self._warmup * (num_training_steps - first)))
                falling = max(1, num_training_steps - first - rising)
                if step < first:
                    return 0.0
                if step < first + rising:
                    return (step - first) / rising
                return max(0.0, (num_training_steps - step) / falling)

            encoder, head = (
                functools.partial(shape, first=first) for first in (self._head_steps, 0)
            )
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer, [encoder, encoder, head, head]
            )
        return self.lr_scheduler

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add tokens a second since the last log to progress bar and TensorBoard."""
        now, step = time.monotonic(), self.state.global_step
        if "loss" in logs:
            if self._logged is not None and step > self._logged[1]:
                tokens = (step - self._logged[1]) * self._step_tokens
                logs["tokens_per_second"] = round(tokens / (now - self._logged[0]), 1)
            self._logged = (now, step)
        super().log(logs, *args, **kwargs)
