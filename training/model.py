"""The network: a BERT-family encoder, a head per window, pooling per article."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from training.hardware import training_attention

# Windows of like length go through the encoder together, so that padding costs little.
WINDOWS_PER_PASS = 8


def load_encoder(folder: Path) -> PreTrainedModel:
    """Load any BERT-family checkpoint in float32, without its pooler.

    Dropout inside the encoder is off: on CPUs it halves training speed (random
    numbers for every activation); the head keeps its own.
    """
    config = AutoConfig.from_pretrained(folder)
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(config, name):
            setattr(config, name, 0.0)
    load = functools.partial(
        AutoModel.from_pretrained,
        folder,
        config=config,
        dtype=torch.float32,
        attn_implementation=training_attention(),
    )
    encoder: PreTrainedModel
    try:
        encoder = load(add_pooling_layer=False)
    except TypeError:
        # Families without a pooler (DistilBERT, ELECTRA) do not know the option.
        encoder = load()
    return encoder


def window_features(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens beside the first token: (windows, 2 * hidden)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    mean = (states * weights).sum(1) / weights.sum(1)
    return torch.cat([mean, states[:, 0]], dim=-1)


class WindowHead(nn.Module):
    """Logits of a window from the mean over its tokens and its first token."""

    def __init__(self, hidden: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * hidden, labels)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States (windows, tokens, hidden), mask (windows, tokens) → (windows, labels)."""
        return self.classify(window_features(states, mask))

    def classify(self, features: Tensor) -> Tensor:
        """Features (windows, 2 * hidden) → logits (windows, labels)."""
        logits: Tensor = self.linear(self.dropout(features))
        return logits


class WindowClassifier(nn.Module):
    """What is exported: token ids and mask of windows in, logits of windows out."""

    def __init__(self, encoder: PreTrainedModel, head: WindowHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Ids and mask of shape (windows, tokens) → logits (windows, labels)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        logits: Tensor = self.head(states.last_hidden_state, attention_mask)
        return logits


class BagClassifier(nn.Module):
    """Articles as bags of windows, pooled by the log-mean-exp that also serves.

    `rasid.scores.pool` is the same formula in numpy; the sharpness of each label is
    learned together with the weights (as its logarithm, so that it stays positive).
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        labels: int,
        *,
        dropout: float = 0.1,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.windows = WindowClassifier(
            encoder, WindowHead(encoder.config.hidden_size, labels, dropout)
        )
        self.log_sharpness = nn.Parameter(torch.zeros(labels))
        self.class_weights: Tensor | None
        self.register_buffer("class_weights", class_weights, persistent=False)

    @property
    def sharpness(self) -> Tensor:
        """Sharpness of the pooling, shape (labels,)."""
        return self.log_sharpness.exp()

    def forward(
        self, labels: Tensor, inputs: Tensor, weights: Tensor, lengths: Tensor, articles: Tensor
    ) -> dict[str, Tensor]:
        """Loss and pooled logits of a batch of articles.

        labels (articles, labels), gold or scores to be learned, NaN where not known;
        inputs (windows, tokens) ids, or (windows, tokens, hidden) activations of frozen
        layers; weights (articles,) of the articles in the loss; lengths (windows,) in tokens;
        articles (windows,) the row of `labels` that each window belongs to.
        """
        window_logits = self.windows.head.classify(self.features(inputs, lengths)).float()
        logits = pool_bags(window_logits, articles, len(labels), self.sharpness)
        # The mean is over all places, known or not: a decision weighs the same in every batch.
        loss = nn.functional.binary_cross_entropy_with_logits(
            logits,
            labels.nan_to_num(),
            weights.unsqueeze(1) * ~labels.isnan(),
            pos_weight=self.class_weights,
        )
        return {"loss": loss, "logits": logits}

    def features(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """What the head sees of each window: (windows, 2 * hidden)."""
        order = lengths.argsort(descending=True)
        passes = torch.split(order, WINDOWS_PER_PASS)
        parts = [self._pass(inputs[rows], lengths[rows]) for rows in passes]
        return torch.cat(parts)[order.argsort()]

    def _pass(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        longest = int(lengths.max())
        inputs = inputs[:, :longest]
        mask = (torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)).long()
        name = "input_ids" if inputs.dim() == 2 else "inputs_embeds"
        states = self.windows.encoder(**{name: inputs}, attention_mask=mask).last_hidden_state
        return window_features(states, mask)


def pool_bags(window_logits: Tensor, articles: Tensor, count: int, sharpness: Tensor) -> Tensor:
    """Log-mean-exp of the windows of each article: (windows, labels) → (count, labels)."""
    rows = [window_logits[articles == article] * sharpness for article in range(count)]
    pooled = [row.logsumexp(0) - torch.tensor(float(len(row))).log() for row in rows]
    return torch.stack(pooled) / sharpness


def encoder_layers(encoder: PreTrainedModel) -> nn.ModuleList:
    """The encoder's stack of layers, from lowest to highest."""
    for path in ("encoder.layer", "transformer.layer", "encoder.layers", "layers"):
        try:
            layers = encoder.get_submodule(path)
        except AttributeError:
            continue
        if isinstance(layers, nn.ModuleList):
            return layers
    raise TypeError(f"{type(encoder).__name__} has no stack of layers that Rasid knows")


def parameter_groups(
    model: BagClassifier, *, encoder_rate: float, head_rate: float, decay: float
) -> Iterator[dict[str, Any]]:
    """Learning rates that fall by `decay` a layer from the top of the encoder down.

    Layer-wise decay follows Howard & Ruder 2018 (ULMFiT, arXiv 1801.06146).
    """
    encoder = model.windows.encoder
    layers = encoder_layers(encoder)
    rates = {
        id(parameter): encoder_rate * decay ** (len(layers) - 1 - depth)
        for depth, layer in enumerate(layers)
        for parameter in layer.parameters()
    }
    lowest = encoder_rate * decay ** len(layers)
    in_encoder = {id(parameter) for parameter in encoder.parameters()}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = rates.get(id(parameter), lowest if id(parameter) in in_encoder else head_rate)
        # Norms, biases and the sharpness are not drawn towards zero.
        weight_decay = 0.01 if parameter.dim() > 1 else 0.0
        yield {"params": [parameter], "lr": rate, "weight_decay": weight_decay, "name": name}
