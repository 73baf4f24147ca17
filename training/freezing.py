"""Quick retraining: the lowest layers stay as they are and run only once."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm
from transformers import PreTrainedModel

from training.model import WINDOWS_PER_PASS, encoder_layers


class CachedActivations(nn.Module):
    """Stands in for the embeddings: hands on activations computed before."""

    def forward(self, inputs_embeds: Tensor, **_: object) -> Tensor:
        """Return the activations unchanged."""
        return inputs_embeds


class FrozenLayers:
    """The embeddings and the lowest layers of an encoder, taken out while training.

    `cache` runs them once over all windows; `restore` puts them back under the
    trained layers.
    """

    def __init__(self, encoder: PreTrainedModel, count: int) -> None:
        layers = encoder_layers(encoder)
        if not 0 < count < len(layers):
            raise ValueError(f"can freeze 1 to {len(layers) - 1} layers, not {count}")
        self.encoder = encoder
        self.embeddings = encoder.get_submodule("embeddings")
        self.lower = list(layers[:count])
        self._upper = list(layers[count:])

    def cache(self, windows: list[list[int]], file: Path, *, bf16: bool) -> NDArray[np.float16]:
        """Activations of all `windows`, one row a token: (tokens, hidden), memory-mapped."""
        hidden = self.encoder.config.hidden_size
        starts = np.cumsum([0, *map(len, windows)])
        states = np.lib.format.open_memmap(
            file, mode="w+", dtype=np.float16, shape=(int(starts[-1]), hidden)
        )
        self._keep(self.lower, self.embeddings)
        order = np.argsort([len(window) for window in windows], kind="stable")
        self.encoder.train(False)
        batches = [order[i : i + WINDOWS_PER_PASS] for i in range(0, len(order), WINDOWS_PER_PASS)]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            for rows in tqdm(batches, desc="frozen layers"):
                longest = len(windows[rows[-1]])
                ids = torch.zeros(len(rows), longest, dtype=torch.long)
                mask = torch.zeros(len(rows), longest, dtype=torch.long)
                for place, row in enumerate(rows):
                    ids[place, : len(windows[row])] = torch.tensor(windows[row])
                    mask[place, : len(windows[row])] = 1
                output = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
                for place, row in enumerate(rows):
                    part = output[place, : len(windows[row])].to(torch.float16)
                    states[starts[row] : starts[row + 1]] = part.numpy()
        states.flush()
        return states

    def take_out(self) -> None:
        """Leave only the layers that are trained; the encoder then reads activations."""
        self._keep(self._upper, CachedActivations())

    def restore(self) -> None:
        """Make the encoder whole again."""
        self._keep([*self.lower, *self._upper], self.embeddings)

    def _keep(self, layers: list[nn.Module], embeddings: nn.Module) -> None:
        stack = encoder_layers(self.encoder)
        del stack[:]
        stack.extend(layers)
        self.encoder.embeddings = embeddings
