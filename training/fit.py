"""Fine-tuning with the Trainer of transformers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors.torch import load_model, save_model
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_pt_utils import LengthGroupedSampler

from rasid.scores import Floats
from training.bags import BagCollator, number_windows
from training.encoders import Checkpoint
from training.freezing import FrozenLayers
from training.gold import Gold
from training.hardware import has_bf16
from training.metrics import micro_average_precision
from training.model import BagClassifier, load_encoder, parameter_groups
from training.network import load_head
from training.settings import FitSettings
from training.workspace import Workspace, last_checkpoint


class EpochSampler(LengthGroupedSampler):
    """Articles of like length together, in an order that seed and epoch decide.

    transformers' own sampler draws from the global generator: a run resumed in the middle of an
    epoch would skip as many articles of another order, and train on some twice and on some never.
    """

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer before each epoch."""
        self.generator.manual_seed(self._seed + epoch)


class StopAt(TrainerCallback):
    """Ends training after a share of its steps; the schedule stays that of all of them."""

    def __init__(self, share: float) -> None:
        self._share = share

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Called by the Trainer after each optimiser step."""
        if state.global_step >= round(self._share * state.max_steps):
            control.should_training_stop = True


class BagTrainer(Trainer):
    """The Trainer with layer-wise learning rates for `network`, which is or is in its model."""

    def __init__(self, *, network: BagClassifier, settings: FitSettings, **options: Any) -> None:
        super().__init__(**options)
        self._network = network
        self._settings = settings

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW over `parameter_groups`."""
        if self.optimizer is None:
            groups = parameter_groups(
                self._network,
                encoder_rate=self._settings.encoder_rate,
                head_rate=self._settings.head_rate,
                decay=self._settings.layer_decay,
            )
            self.optimizer = torch.optim.AdamW(list(groups))
        return self.optimizer

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        bags: Any = self.train_dataset if train_dataset is None else train_dataset
        step = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return EpochSampler(step, list(bags["length"]), self.args.seed)


def fit(
    checkpoint: Checkpoint,
    train: Dataset,
    dev: Dataset,
    settings: FitSettings,
    workspace: Workspace,
    labels: Sequence[str],
    *,
    resume: bool,
    stop_at: float | None = None,
) -> BagClassifier:
    """Fine-tune `checkpoint` on bags of windows and return the best model seen on `dev`.

    A checkpoint that is a network for the same `labels` keeps its head (`training.network`).
    With `resume` the newest checkpoint is continued with its optimiser, schedule and data
    order; a run that had finished is loaded. Where all articles are trained on, nothing can
    tell which model is best: `stop_at`, a share of the whole schedule, says where to stop.
    """
    workspace.folder.mkdir(parents=True, exist_ok=True)
    set_seed(settings.seed)
    targets = np.array(train["labels"])
    model = BagClassifier(
        load_encoder(checkpoint.folder),
        len(labels),
        dropout=settings.dropout,
        class_weights=root_class_weights(targets) if settings.class_weights else None,
    )
    load_head(model, checkpoint.folder, labels)
    if resume and workspace.fitted.exists():
        load_model(model, workspace.fitted)
        return model.eval()
    collator, frozen = BagCollator(checkpoint.pad_id), None
    if settings.freeze_layers:
        frozen = FrozenLayers(model.windows.encoder, settings.freeze_layers)
        train, dev, collator = _freeze(frozen, train, dev, collator, workspace)
    trainer = _trainer(model, (train, dev), collator, settings, workspace, stop_at)
    trainer.train(resume_from_checkpoint=last_checkpoint(workspace.checkpoints))
    if frozen:
        frozen.restore()
    model = model.cpu().eval()
    # In one step: a file that was cut off would be taken for a finished run.
    staging = workspace.fitted.with_suffix(".staging")
    save_model(model, str(staging))
    if best := trainer.state.best_global_step:
        workspace.best.write_text(str(best / trainer.state.max_steps))
    staging.replace(workspace.fitted)
    workspace.activations.unlink(missing_ok=True)
    return model


def _trainer(
    model: BagClassifier,
    bags: tuple[Dataset, Dataset],
    collator: BagCollator,
    settings: FitSettings,
    workspace: Workspace,
    stop_at: float | None,
) -> BagTrainer:
    train, dev = bags
    often = evaluation_steps(settings, len(train))
    stops: TrainerCallback = EarlyStoppingCallback(settings.patience)
    changes: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": often}
    if stop_at is not None:
        stops = StopAt(stop_at)
        changes = {"eval_strategy": "no", "load_best_model_at_end": False}
    arguments = trainer_arguments(
        settings,
        workspace.checkpoints,
        **changes,
        save_strategy="steps",
        save_steps=often,
        # How many evaluations were no better goes on with the run.
        restore_callback_states_from_checkpoint=True,
    )
    return BagTrainer(
        network=model,
        settings=settings,
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=dev,
        data_collator=collator,
        compute_metrics=_average_precision,
        callbacks=[stops],
    )


def evaluation_steps(settings: FitSettings, articles: int) -> int:
    """Optimiser steps between evaluations, so that there are `evaluations` in an epoch."""
    steps = math.ceil(math.ceil(articles / settings.batch_articles) / settings.accumulate)
    return max(1, math.ceil(steps / settings.evaluations))


def root_class_weights(targets: Floats) -> torch.Tensor:
    """Square root of negatives over positives for each label, among what is known: (labels,)."""
    positives, known = np.nansum(targets, 0), (~np.isnan(targets)).sum(0)
    return torch.tensor(np.sqrt((known - positives) / np.maximum(positives, 1))).float()


def _freeze(
    frozen: FrozenLayers,
    train: Dataset,
    dev: Dataset,
    collator: BagCollator,
    workspace: Workspace,
) -> tuple[Dataset, Dataset, BagCollator]:
    windows = [window for part in (train, dev) for bag in part["windows"] for window in bag]
    train, dev = number_windows(train, 0), number_windows(dev, sum(map(len, train["windows"])))
    activations = frozen.cache(windows, workspace.activations, bf16=has_bf16())
    frozen.take_out()
    starts = np.cumsum([0, *map(len, windows)])[:-1]
    return train, dev, replace(collator, activations=activations, starts=starts)


def trainer_arguments(
    settings: FitSettings, checkpoints: Path, **changes: Any
) -> TrainingArguments:
    """What the Trainer is told, in fine-tuning; `changes` for other kinds of training."""
    arguments: dict[str, Any] = {
        "output_dir": str(checkpoints),
        "use_cpu": not torch.cuda.is_available(),
        "bf16": has_bf16(),
        "seed": settings.seed,
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_articles,
        "per_device_eval_batch_size": settings.batch_articles,
        "gradient_accumulation_steps": settings.accumulate,
        "warmup_steps": settings.warmup,
        "lr_scheduler_type": "linear",
        "train_sampling_strategy": "group_by_length",
        "length_column_name": "length",
        "remove_unused_columns": False,
        "label_names": ["labels"],
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": "average_precision",
        "greater_is_better": True,
        "logging_steps": 20,
        "report_to": "none",
        "dataloader_pin_memory": False,
    }
    return TrainingArguments(**arguments | changes)


def _average_precision(prediction: EvalPrediction) -> dict[str, float]:
    logits, targets = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
    return {"average_precision": micro_average_precision(logits, Gold.of_targets(targets))}
