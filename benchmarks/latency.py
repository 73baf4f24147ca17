"""Seconds an article of 1,500 words takes, encoders side by side with one of AraBERT's size.

python -m benchmarks.latency --arabert ../shared/arabertv02-tokenizer [NAME=FOLDER …]

Every encoder gets a head of random weights (speed does not depend on them), is exported as
int8 and reads the same text, tokenising included, in rounds that take turns.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from rasid.normalization import normalize_tokenizer
from rasid.runtime import Runtime, cpu_quota
from rasid.windows import Windowing, cut_windows, open_tokenizer
from training.encoders import Checkpoint, find_encoder
from training.export import export_onnx
from training.hardware import cpu_flags
from training.model import BagClassifier, load_encoder

ARABERT = "AraBERT size"
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16")
_LABELS = 11


def main() -> None:
    """Print tokens, median seconds and the ratio to AraBERT's size for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="*", default=["compact=models/encoder"])
    parser.add_argument("--arabert", type=Path, required=True, help="folder of its tokenizer")
    parser.add_argument("--articles", type=Path, default=Path("data/articles.jsonl"))
    parser.add_argument("--words", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    text = running_text(options.articles, options.words)
    with tempfile.TemporaryDirectory() as folder:
        folders = dict(each.split("=", 1) for each in options.encoders)
        folders = {
            ARABERT: str(random_arabert(options.arabert, Path(folder) / "arabert"))
        } | folders
        readers = {
            name: reader(find_encoder(place), Path(folder) / "onnx" / str(number))
            for number, (name, place) in enumerate(folders.items())
        }
        seconds = time_in_turns(
            {name: partial(read, text) for name, read in readers.items()}, options.rounds
        )
        tokens = {name: read(text) for name, read in readers.items()}
    print(f"CPU flags: {' '.join(flag for flag in _FLAGS if flag in cpu_flags())}")
    print(f"{options.words} words, {len(text)} characters, {cpu_quota()} threads, int8")
    whole = statistics.median(seconds[ARABERT])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:24}{tokens[name]:6} tokens{median:9.3f} s{whole / median:7.2f} times as fast")


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


def reader(checkpoint: Checkpoint, folder: Path) -> Callable[[str], int]:
    """A function that reads a text to logits, as serving does, and returns its tokens."""
    model = BagClassifier(load_encoder(checkpoint.folder), _LABELS).eval()
    _, int8 = export_onnx(model, folder)
    runtime = Runtime(int8, threads=cpu_quota(), labels=_LABELS)
    tokenizer = open_tokenizer(
        normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile), Windowing()
    )
    return partial(_read, tokenizer, runtime)


def _read(tokenizer: Tokenizer, runtime: Runtime, text: str) -> int:
    (windows,) = cut_windows(tokenizer, [text])
    runtime.run([window.ids for window in windows])
    return sum(len(window.ids) for window in windows)


def time_in_turns(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each of `runs` in each of `rounds` rounds, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
