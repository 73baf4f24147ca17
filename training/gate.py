"""The gate: whether a candidate may take the place of the served version, and why not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rasid.manifest import Parity
from training.comparison import MIN_POSITIVES, Change, Comparison
from training.parity import parity_problem
from training.quantisation import Quantisation
from training.timing import Speed

MAX_FLIPPED = 0.01
MAX_F1_LOST = 0.005
MAX_SLOWER = 1.5
# One flip in fewer decisions is too large a share of them.
MIN_DECISIONS = 1000

Kind = Literal[
    "micro", "macro", "label", "apart", "data", "nothing", "flips", "int8", "parity", "speed"
]


@dataclass(frozen=True)
class Finding:
    """Something that the gate found: in words, and by what it is about.

    `numbers` are the words' figures alone, for other languages.
    """

    kind: Kind
    text: str
    data: str = ""
    label: str = ""
    numbers: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the gate found: reasons against the candidate, and what it could not judge."""

    refusals: tuple[Finding, ...]
    unjudged: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing stands against the candidate."""
        return not self.refusals


def judge(
    comparisons: Sequence[Comparison],
    quantisation: Quantisation,
    parity: Parity,
    speed: Speed | None,
    *,
    apart: Mapping[str, str] | None,
) -> Verdict:
    """Judge a candidate by everything that was measured of it.

    `comparisons` and `speed` are with the served version; `apart` are labels that cannot be
    compared with it, with the reason, and None where nothing is served.
    """
    refusals = [*_exported(quantisation, parity)]
    unjudged = [
        Finding("apart", f"{label}: {why}", label=label) for label, why in (apart or {}).items()
    ]
    if apart is not None and all(comparison.why_not for comparison in comparisons):
        text = "there is no article that the served version is known not to have learned"
        unjudged.append(Finding("nothing", text))
    if quantisation.decisions < MIN_DECISIONS:
        numbers = f"{quantisation.decisions} < {MIN_DECISIONS}"
        text = f"int8 against fp32: {quantisation.decisions} decisions, {MIN_DECISIONS} are needed"
        unjudged.append(Finding("flips", text, numbers=numbers))
    for comparison in comparisons:
        if comparison.why_not:
            text = f"{comparison.data}: shown, but not counted: {comparison.why_not}"
            unjudged.append(Finding("data", text, comparison.data))
            continue
        refusals += _drops(comparison)
        unjudged += _too_few(comparison)
    if speed and speed.ratio > MAX_SLOWER:
        refusals.append(_slower(speed))
    return Verdict(tuple(refusals), tuple(unjudged))


def _slower(speed: Speed) -> Finding:
    text = (
        f"{speed.ratio:.2f} times slower than the served version ({speed.candidate:.1f} against "
        f"{speed.served:.1f} ms an article); at most {MAX_SLOWER} times may be"
    )
    return Finding("speed", text, numbers=f"{speed.ratio:.2f} > {MAX_SLOWER}")


def _exported(found: Quantisation, parity: Parity) -> Iterator[Finding]:
    if problem := parity_problem(parity):
        yield Finding("parity", problem, numbers=f"{parity.flips} / {parity.decisions}")
    if found.decisions < MIN_DECISIONS:
        return
    if found.flipped > MAX_FLIPPED:
        yield Finding(
            "flips",
            f"{found.flips} of {found.decisions} decisions ({found.flipped:.1%}) are others in "
            f"int8 than in fp32; at most {MAX_FLIPPED:.0%} may",
            numbers=f"{found.flips} / {found.decisions} = {found.flipped:.1%} > {MAX_FLIPPED:.0%}",
        )
    if found.int8 is None or found.fp32 is None or found.interval is None:
        return
    # On a few hundred articles chance alone makes half a point: the loss has to be a sure one.
    if found.fp32 - found.int8 > MAX_F1_LOST and found.interval.high < 0:
        lost = 100 * (found.fp32 - found.int8)
        yield Finding(
            "int8",
            f"int8 loses {lost:.1f} points of micro-F1 ({found.fp32:.3f} in fp32, "
            f"{found.int8:.3f} in int8); at most {100 * MAX_F1_LOST:.1f} may be lost",
            numbers=f"{found.fp32:.3f} → {found.int8:.3f}",
        )


def _drops(comparison: Comparison) -> Iterator[Finding]:
    overall: tuple[tuple[Kind, Change], ...] = (
        ("micro", comparison.micro),
        ("macro", comparison.macro),
    )
    data = comparison.data
    for kind, change in overall:
        if change.outcome == "worse":
            numbers = _numbers(change)
            yield Finding(kind, f"{data}: {kind}-F1 {numbers}", data, numbers=numbers)
    for label, change in comparison.labels.items():
        if change.outcome == "worse":
            numbers = f"{_numbers(change)}, p = {change.p:.4f}"
            yield Finding("label", f"{data}: {label}: F1 {numbers}", data, label, numbers)


def _too_few(comparison: Comparison) -> Iterator[Finding]:
    """What has too few different articles: copies of one report count once."""
    kinds: list[tuple[Kind, str, Change]] = [("micro", "", comparison.micro)]
    kinds += [("label", label, change) for label, change in comparison.labels.items()]
    for kind, label, change in kinds:
        if change.outcome == "cannot be judged":
            text = (
                f"{comparison.data}: {label or 'all labels'}: {change.stories} different articles "
                f"with it, {MIN_POSITIVES} are needed"
            )
            numbers = f"{change.stories} < {MIN_POSITIVES}"
            yield Finding(kind, text, comparison.data, label, numbers)


def _numbers(change: Change) -> str:
    assert change.served is not None
    assert change.candidate is not None
    assert change.interval is not None
    low, high = change.interval.low, change.interval.high
    return (
        f"{change.served:.3f} → {change.candidate:.3f} (n = {change.positives}, "
        f"Δ {low:+.3f} … {high:+.3f})"
    )
