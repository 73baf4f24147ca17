"""What a run says of the version that it made."""

from rasid.manifest import Manifest
from training.feed import feed_table
from training.metrics import table
from training.tuning import warnings_of


def measured_text(manifest: Manifest) -> str:
    """What was measured of a version: tables, warnings and parity."""
    blocks = [table(metrics) for metrics in manifest.metrics]
    blocks += ["\n".join(warnings)] if (warnings := warnings_of(manifest.aims)) else []
    blocks += [feed_table(manifest.feed)] if manifest.feed else []
    parity = manifest.parity
    blocks.append(
        f"parity on {parity.articles} articles: scores differ by {parity.mean_difference:.4f} on "
        f"average, {parity.largest_difference:.3f} at most; {parity.flips} of "
        f"{parity.decisions} decisions flip"
    )
    return "\n\n".join(blocks)
