"""Seconds an article of 1,500 words takes, encoders side by side with one of AraBERT's size.

python -m benchmarks.latency --arabert ../shared/arabertv02-tokenizer [NAME | NAME=FOLDER …]

Every encoder gets a head of random weights (speed does not depend on them), is exported as
int8 and reads the same text as serving does, tokenising included, on all cores that this process
may use. Encoders take turns, so that what else the machine does meets all of them; a ratio is
the median of the rounds' own ratios.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from rasid.article import Article
from rasid.normalization import normalize_tokenizer
from rasid.reading import read_article
from rasid.runtime import Runtime, cpu_quota
from rasid.windows import Windowing, cut_windows, open_tokenizer
from training.encoders import OURS, Checkpoint, find_encoder
from training.export import export_onnx
from training.hardware import cpu_flags
from training.model import BagClassifier, load_encoder
from training.timing import time_in_turns

ARABERT = "AraBERT's size"
WORDS, ROUNDS = 1500, 9
WRITTEN = Path(__file__).resolve().parent.parent / "data" / "articles.jsonl"
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16")
_LABELS = 11

Times = Mapping[str, Sequence[float]]


def main() -> None:
    """Print tokens, median seconds and the ratio to AraBERT's size for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="*", help="compact and swift by default, if here")
    parser.add_argument("--arabert", type=Path, required=True, help="folder of its tokenizer")
    parser.add_argument("--articles", type=Path, default=WRITTEN)
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    text = running_text(options.articles, options.words)
    with tempfile.TemporaryDirectory() as folder:
        places = {ARABERT: str(random_arabert(options.arabert, Path(folder) / "arabert"))}
        places |= dict(_named(each) for each in options.encoders or _present())
        readers = {
            name: reader(find_encoder(place), Path(folder) / "onnx" / str(number))
            for number, (name, place) in enumerate(places.items())
        }
        times = time_in_turns(
            {name: partial(read, text) for name, read in readers.items()}, options.rounds
        )
        tokens = {name: read(text) for name, read in readers.items()}
    print(f"{options.words} words, {len(text)} characters, int8, {machine()}\n")
    print("\n".join(table(times, tokens)))


def table(times: Times, tokens: Mapping[str, int]) -> list[str]:
    """A Markdown table of medians, with ranges, and of ratios to AraBERT's size."""
    lines = [
        "| | tokens | seconds: median (range) | times as fast (range) |",
        "| --- | --- | --- | --- |",
    ]
    for name, seconds in times.items():
        ratios = [whole / own for whole, own in zip(times[ARABERT], seconds, strict=True)]
        lines.append(
            f"| {name} | {tokens[name]} | {_median_and_range(seconds, 3)} | "
            f"{_median_and_range(ratios, 2)} |"
        )
    return lines


def machine() -> str:
    """The cores that are used, and the extensions of the CPU that decide on speed."""
    flags = [flag for flag in _FLAGS if flag in cpu_flags()]
    return f"{cpu_quota()} cores, CPU flags: {' '.join(flags) or 'none of note'}"


def running_text(file: Path, words: int) -> str:
    """The written articles one after the other, cut to `words` words."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    found: list[str] = []
    for row in cycle(rows):
        found += row["text"].split()
        if len(found) >= words:
            return " ".join(found[:words])
    raise AssertionError("a cycle does not end")


def random_arabert(tokenizer: Path, folder: Path) -> Path:
    """A checkpoint of AraBERT's shape with random weights and its tokenizer."""
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=64_000), add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copyfile(tokenizer / name, folder / name)
    return folder


def reader(
    checkpoint: Checkpoint, folder: Path, windowing: Windowing | None = None
) -> Callable[[str], int]:
    """A function that reads a text to logits, as serving does, and returns its tokens."""
    model = BagClassifier(load_encoder(checkpoint.folder), _LABELS).eval()
    _, int8 = export_onnx(model, folder)
    runtime = Runtime(int8, threads=cpu_quota(), labels=_LABELS)
    tokenizer_json = normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile)
    return partial(_read, open_tokenizer(tokenizer_json, windowing or Windowing()), runtime)


def _read(tokenizer: Tokenizer, runtime: Runtime, text: str) -> int:
    (windows,) = cut_windows(tokenizer, [read_article(Article(text)).text])
    runtime.run([window.ids for window in windows])
    return sum(len(window.ids) for window in windows)


def _named(told: str) -> tuple[str, str]:
    name, _, place = told.partition("=")
    return name, place or name


def _present() -> list[str]:
    for name, folder in OURS.items():
        if not folder.is_dir():
            print(f"{name}: not timed, there is no folder {folder}", file=sys.stderr)
    return [name for name, folder in OURS.items() if folder.is_dir()]


def _median_and_range(values: Sequence[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


if __name__ == "__main__":
    main()
