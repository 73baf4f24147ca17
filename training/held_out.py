"""The articles that candidate and served version are compared on: neither was trained on them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from rasid.manifest import Manifest
from rasid.reading import read_article
from rasid.taxonomy import Taxonomy, read_taxonomy
from training.articles import DataError, LabelledArticle, articles_of, read_labelled
from training.comparison import HeldOut
from training.describe import fingerprint
from training.duplicates import NearDuplicates, find_duplicates, plain_normaliser
from training.leaks import LeakPolicy
from training.options import ROOT, TrainOptions
from training.splits import Split

TEST = "test part"
_TAXONOMY = ROOT / "data" / "taxonomy.toml"
_ADVICE = (
    "articles of the gate must not be trained on; with --leaks leave-out or allow they are left "
    "out of the gate"
)


def hold_out(gate: Path, taxonomy: Taxonomy, split: Split, leaks: LeakPolicy) -> list[HeldOut]:
    """The articles in the file `gate` and the test part, each where it has any.

    Raises `DataError` where an article of the gate is nearly the same as one that is trained or
    tuned on; with another `--leaks` than 'refuse' it is left out of the gate.
    """
    learned = [*split.train, *split.dev]
    parts = [without_learned(read_held_out([gate], taxonomy), learned, leaks)]
    if split.test:
        test = HeldOut(TEST, split.test, split.groups_of(split.test))
        # Otherwise the split itself has none.
        allowed = leaks == "allow"
        parts.append(without_learned(test, learned, "allow") if allowed else test)
    return [part for part in parts if part.articles]


def gate_of(held_out: Sequence[HeldOut]) -> list[LabelledArticle]:
    """All articles but those of the test part."""
    return [article for part in held_out if part.name != TEST for article in part.articles]


def read_held_out(files: Sequence[Path], taxonomy: Taxonomy, *others: Taxonomy) -> HeldOut:
    """Read labelled articles to measure on, with earlier ids as `taxonomy` has them.

    They may also have labels of other taxonomies, and of the usual one.
    """
    usual = [read_taxonomy(_TAXONOMY)] if _TAXONOMY.is_file() else []
    labels = [label for each in (taxonomy, *others, *usual) for label in each.labels]
    articles = read_labelled(files, [*dict.fromkeys(labels)], earlier=taxonomy.earlier)
    name = ", ".join(file.name for file in files)
    return HeldOut(name, articles, find_duplicates(articles_of(articles)).groups)


def without_learned(
    held_out: HeldOut, learned: Sequence[LabelledArticle], leaks: LeakPolicy
) -> HeldOut:
    """`held_out` without near-duplicates of what was `learned`; 'refuse' raises `DataError`."""
    index = NearDuplicates(plain_normaliser())
    for number, article in enumerate(held_out.articles):
        index.add(str(number), read_article(article.article).text)
    known: set[int] = set()
    problems = []
    for article in learned:
        for name in index.find(read_article(article.article).text):
            other = held_out.articles[int(name)]
            known.add(int(name))
            problems.append(
                f"{article.place}: {article.id!r} is nearly the same as {other.id!r} at "
                f"{other.place}, which is held out"
            )
    if problems and leaks == "refuse":
        raise DataError([*problems, _ADVICE])
    return _without(held_out, known)


def not_learned_by(
    served: Manifest, held_out: Sequence[HeldOut], options: TrainOptions, *, beside: bool
) -> list[HeldOut]:
    """The same sets, as far as the version `served` was not trained on them either.

    Articles of the gate that its data had are left out. Whether it was trained on the test part
    is only known where it was measured on the same articles, or lies `beside` the candidate and
    kept to the same record of the split.
    """
    had = set(served.promotion.left_out) if served.promotion else set()
    parts = []
    for part in held_out:
        if part.name == TEST:
            known = _split_alike(served, part, options, beside=beside)
            why_not = f"it is not known whether {served.version} was trained on some of it"
            parts.append(part if known else replace(part, why_not=why_not))
        else:
            rows = {row for row, article in enumerate(part.articles) if article.id in had}
            parts.append(_without(part, rows))
    return [part for part in parts if part.articles]


def _split_alike(served: Manifest, test: HeldOut, options: TrainOptions, *, beside: bool) -> bool:
    its, record = served.training.get("split") or {}, options.split_record
    if its.get("test") == fingerprint(test.articles):
        return True
    return bool(beside and record and its.get("record") == record.name)


def _without(held_out: HeldOut, rows: Collection[int]) -> HeldOut:
    left = [row for row in range(len(held_out.articles)) if row not in rows]
    return replace(
        held_out,
        articles=[held_out.articles[row] for row in left],
        groups=held_out.groups[left],
        left_out=(*held_out.left_out, *(held_out.articles[row].id for row in sorted(rows))),
    )
