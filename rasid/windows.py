"""Overlapping token windows that cover a whole article."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from tokenizers import Tokenizer

from rasid.classification import Span
from rasid.errors import ArtifactError


class Windowing(BaseModel):
    """How an article is cut: `size` tokens a window, special tokens included.

    Neighbouring windows share `overlap` tokens, so that no sentence is seen only
    in two halves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=8, le=8192)] = 256
    overlap: Annotated[int, Field(ge=0)] = 32

    @model_validator(mode="after")
    def _overlap_leaves_room(self) -> "Windowing":
        # Special tokens (two in BERT-family models) take part of every window.
        if self.overlap >= self.size // 2:
            raise ValueError("overlap must be less than half of size")
        return self


@dataclass(frozen=True, slots=True)
class Window:
    """One window: token ids as the model reads them and where each token stands.

    `offsets[i]` is the span of token `i` in the text that was cut, in code points;
    special tokens have an empty span.
    """

    ids: list[int]
    offsets: list[Span]

    @property
    def span(self) -> Span:
        """From the first character any token stands for to the last."""
        filled = [offset for offset in self.offsets if offset[0] < offset[1]]
        if not filled:
            return (0, 0)
        return filled[0][0], max(end for _, end in filled)


def window_spans(windows: Sequence[Window], length: int) -> list[Span]:
    """Which part of a text of `length` code points each of its `windows` takes in.

    Tokens need not reach the edges of the text or meet: what normalisation drops or
    rewrites between two tokens belongs to the window before, at the start to the first.
    """
    starts = list(accumulate((window.span[0] for window in windows[1:]), max, initial=0))
    return [
        (start, max(window.span[1], following))
        for start, window, following in zip(starts, windows, [*starts[1:], length], strict=True)
    ]


def open_tokenizer(tokenizer_json: str, windowing: Windowing) -> Tokenizer:
    """Set up a normalised tokenizer.json for `cut_windows`.

    Text that reads like a special token is encoded as text: that switch is not part
    of tokenizer.json, so training and serving both come through here. Raises
    `ArtifactError` for what is no tokenizer.
    """
    try:
        tokenizer = Tokenizer.from_str(tokenizer_json)
    except Exception as error:
        # The library raises no class of its own.
        raise ArtifactError(f"tokenizer.json: is no tokenizer: {error}") from error
    tokenizer.encode_special_tokens = True
    tokenizer.enable_truncation(max_length=windowing.size, stride=windowing.overlap)
    return tokenizer


def cut_windows(tokenizer: Tokenizer, texts: list[str]) -> list[list[Window]]:
    """Cut every text of `texts` into windows, in order.

    The tokenizer's own overflow (in Rust) does the cutting: what truncation to one
    window would have cut off comes back as further windows. A text without a single
    token gives one window of special tokens alone.
    """
    return [
        [Window(part.ids, part.offsets) for part in (encoding, *encoding.overflowing)]
        for encoding in tokenizer.encode_batch(texts)
    ]
