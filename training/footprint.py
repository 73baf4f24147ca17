"""How much memory a process takes that does nothing but classify, as the service does.

python -m training.footprint FOLDER   (articles on standard input, a JSON string a line)
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rasid.article import Article
from rasid.classifier import Classifier
from rasid.runtime import cpu_quota

_ROOT = Path(__file__).resolve().parent.parent


def measure_memory(version: Path, articles: Sequence[Article]) -> float | None:
    """MiB at most of a process that loads `version` and classifies; None where that fails."""
    lines = "".join(json.dumps(article.text) + "\n" for article in articles)
    command = [sys.executable, "-m", "training.footprint", str(version.resolve())]
    done = subprocess.run(
        command, input=lines, cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return float(done.stdout) if done.returncode == 0 else None


def main(folder: Path) -> None:
    """Classify what comes in and print the peak of this process in MiB."""
    model = Classifier.load(folder, threads=cpu_quota())
    for line in sys.stdin:
        model.classify(Article(json.loads(line)))
    print(f"{_peak_kib() / 2**10:.1f}")


def _peak_kib() -> float:
    # What getrusage says begins with the peak of the process that started this one.
    status = Path("/proc/self/status")
    if not status.is_file():
        # In bytes on macOS.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    lines = status.read_text("ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
