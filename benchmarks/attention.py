"""Which form of attention to export: eager, which onnxruntime fuses, or torch's own (SDPA).

python -m benchmarks.attention [--encoder models/encoder] [--rounds 15]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx

from rasid.runtime import Runtime, cpu_quota
from training.export import export_onnx
from training.model import BagClassifier, load_encoder

_LABELS = 11
_FORMS = ("eager", "sdpa")
_LENGTHS = (32, 128, 256)


def main() -> None:
    """Export both forms and time them in turns, one window a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, default=Path("models/encoder"))
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runtimes = {}
        for form in _FORMS:
            model = BagClassifier(load_encoder(options.encoder), _LABELS).eval()
            files = export_onnx(model, Path(folder) / form, attention=form)
            nodes = [node.op_type for node in onnx.load(str(files[0])).graph.node]
            print(f"{form}: {nodes.count('Attention')} attention nodes fused, {len(nodes)} nodes")
            for precision, file in zip(("fp32", "int8"), files, strict=True):
                runtimes[precision, form] = Runtime(file, threads=cpu_quota(), labels=_LABELS)
        for precision in ("fp32", "int8"):
            for length in _LENGTHS:
                forms = {form: runtimes[precision, form] for form in _FORMS}
                print(f"{precision}, {compare(forms, length, options.rounds)}")


def compare(runtimes: dict[str, Runtime], length: int, rounds: int) -> str:
    """The median milliseconds of each form, from rounds that take turns."""
    chance = np.random.default_rng(length)
    windows = [chance.integers(5, 5000, length).tolist() for _ in range(8)]
    seconds: dict[str, list[float]] = {form: [] for form in runtimes}
    for _ in range(rounds):
        for form, runtime in runtimes.items():
            start = time.perf_counter()
            runtime.run(windows)
            seconds[form].append((time.perf_counter() - start) / len(windows))
    medians = {form: 1e3 * statistics.median(times) for form, times in seconds.items()}
    shown = ", ".join(f"{form} {median:.1f} ms" for form, median in medians.items())
    return f"window of {length} tokens: {shown}, ratio {medians['sdpa'] / medians['eager']:.2f}"


if __name__ == "__main__":
    main()
