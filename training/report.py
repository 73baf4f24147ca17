"""The report on a trained version: everything that was measured, as JSON and as one page."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rasid.article import Article
from rasid.classifier import Classifier
from rasid.manifest import Manifest
from rasid.runtime import cpu_quota
from training.articles import articles_of
from training.checks import DataReport
from training.comparison import Answers, HeldOut, renamed
from training.figures import confusion, curves, figures, log_losses
from training.flips import Flip, count_flips, find_flips, sort_flips, with_evidence
from training.footprint import measure_memory
from training.page import render_page
from training.promotion import REPORTS, may_be_served
from training.trial import Trial, middle_articles

_MODELS = ("candidate", "served", "fp32", "linear")
_HARDEST = 15
_SHOWN_FLIPS = 100
_EXCERPT = 400


def write_report(version: Path, manifest: Manifest, trial: Trial, data: DataReport) -> Path:
    """Write the page, the same as JSON, and all flips, into `reports` beside the version.

    They have texts of articles, and are no part of what is served. Returns the page.
    """
    model = Classifier.load(version, threads=cpu_quota())
    flips = _flips(trial, manifest, model)
    whole = {
        "version": manifest.version,
        "name": manifest.name,
        "created": manifest.created,
        "encoder": manifest.encoder.name,
        "topics": {topic.id: topic.name.model_dump() for topic in manifest.taxonomy.topics},
        "verdict": _verdict(trial, manifest),
        "sets": [_set(trial, place, model) for place in range(len(trial.held_out))],
        "metrics": [metrics.model_dump() for metrics in manifest.metrics],
        "feed": manifest.feed.model_dump() if manifest.feed else None,
        "flips": {"counts": count_flips(flips), "worst": [asdict(f) for f in flips[:_SHOWN_FLIPS]]},
        "quantisation": asdict(trial.quantisation),
        "parity": manifest.parity.model_dump(),
        "speed": asdict(trial.speed) if trial.speed else None,
        "memory": _memory(trial, version),
        "data": data.as_json() | {"parts": manifest.data.articles},
    }
    folder = version.parent / REPORTS
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(asdict(flip), ensure_ascii=False) + "\n" for flip in flips]
    _put(folder / f"{version.name}.flips.jsonl", "".join(lines))
    _put(folder / f"{version.name}.json", json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    page = folder / f"{version.name}.html"
    _put(page, render_page(whole))
    return page


def _verdict(trial: Trial, manifest: Manifest) -> dict[str, Any]:
    promotion = manifest.promotion
    return {
        "served": may_be_served(manifest),
        "passed": trial.verdict.passed,
        "forced": promotion.forced if promotion else False,
        "against": promotion.against if promotion else None,
        "refusals": [asdict(finding) for finding in trial.verdict.refusals],
        "unjudged": [asdict(finding) for finding in trial.verdict.unjudged],
    }


def _set(trial: Trial, place: int, model: Classifier) -> dict[str, Any]:
    part = trial.held_out[place]
    answers = {name: trial.answers[name][place] for name in _MODELS if name in trial.answers}
    if trial.served:
        answers["served"] = renamed(answers["served"], trial.same)
    comparison = trial.comparisons[place] if trial.comparisons else None
    shown = {name: its for name, its in answers.items() if name != "fp32"}
    return {
        "name": part.name,
        "articles": len(part.articles),
        "why_not": part.why_not,
        "left_out": list(part.left_out),
        "models": {name: figures(part, its) for name, its in answers.items()},
        "comparison": _with_differences(asdict(comparison)) if comparison else None,
        "curves": {name: curves(part, its) for name, its in shown.items()},
        "confusion": confusion(part, answers["candidate"]),
        "hardest": _hardest(part, answers["candidate"], model),
    }


def _with_differences(comparison: dict[str, Any]) -> dict[str, Any]:
    for change in (comparison["micro"], comparison["macro"], *comparison["labels"].values()):
        both = change["candidate"], change["served"]
        change["difference"] = None if None in both else both[0] - both[1]
    return comparison


def _hardest(part: HeldOut, answers: Answers, model: Classifier) -> list[dict[str, Any]]:
    """The articles whose scores are the most wrong, with what is wrong and why."""
    losses, gold = log_losses(part, answers), part.gold(answers.labels)
    found = []
    for row in (-losses.sum(1)).argsort(kind="stable")[:_HARDEST]:
        article = part.articles[row].article
        evidence = {
            topic.label: [passage.text for passage in topic.evidence]
            for topic in model.classify(article).topics
        }
        wrong = [
            {
                "label": label,
                "holds": bool(gold.given[row, column]),
                "score": float(answers.scores[row, column]),
                "threshold": float(answers.thresholds[column]),
                "evidence": evidence[label],
            }
            for column, label in enumerate(answers.labels)
            if gold.known[row, column] and gold.given[row, column] != answers.decided[row, column]
        ]
        found.append(
            {
                "id": part.articles[row].id,
                "title": article.title,
                "text": article.text[:_EXCERPT],
                "loss": float(losses[row].sum()),
                "labels": sorted(part.articles[row].labels),
                "wrong": wrong,
            }
        )
    return found


def _flips(trial: Trial, manifest: Manifest, model: Classifier) -> list[Flip]:
    """All changes against the served version, the worst with evidence."""
    if trial.served is None:
        return []
    served = trial.served.classifier
    scoring = served.manifest.scoring, manifest.scoring
    flips = sort_flips(
        flip
        for place, part in enumerate(trial.held_out)
        for flip in find_flips(
            part,
            trial.answers["served"][place],
            trial.answers["candidate"][place],
            scoring,
            trial.same,
        )
    )
    articles = articles_by_set(trial.held_out)
    worst = with_evidence(flips[:_SHOWN_FLIPS], articles, (served, model), trial.same)
    return [*worst, *flips[_SHOWN_FLIPS:]]


def articles_by_set(held_out: Sequence[HeldOut]) -> dict[tuple[str, str], Article]:
    """Articles by the name of their set and their id."""
    return {
        (part.name, labelled.id): article
        for part in held_out
        for labelled, article in zip(part.articles, articles_of(part.articles), strict=True)
    }


def _memory(trial: Trial, version: Path) -> dict[str, float | None]:
    folders = {"candidate": version} | ({"served": trial.served.folder} if trial.served else {})
    articles = middle_articles(trial.held_out)
    return {name: measure_memory(folder, articles) for name, folder in folders.items()}


def _put(file: Path, text: str) -> None:
    """Write a file beside its place first."""
    staging = file.with_name(f".{file.name}.staging")
    staging.write_text(text, "utf-8")
    staging.replace(file)
