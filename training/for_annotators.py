"""Articles as annotation tools import them, with the labels that they have and what is in doubt.

What the tools export of them afterwards is read by `training.annotations`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from training.articles import LabelledArticle
from training.label_noise import Suspect

Tool = Literal["label-studio", "doccano", "argilla"]
TOOLS: tuple[Tool, ...] = get_args(Tool)

_AGENT = "rasid"
_QUESTIONS = ("labels", "unsure", "unknown")


def write_suspects(
    suspects: Sequence[Suspect], tool: Tool, file: Path, *, annotator: str | None = None
) -> None:
    """Write `file` for `tool`, beside its place first.

    Label Studio gets tasks with the labels as an annotation and the changes in doubt as a
    prediction; doccano gets a line a document; Argilla records with the changes as a
    suggestion and, where `annotator` is the id of one of its users, the labels as a response.
    """
    if tool == "doccano":
        text = "".join(f"{_json(_doccano(suspect))}\n" for suspect in suspects)
    elif tool == "label-studio":
        text = _json([_label_studio(suspect) for suspect in suspects])
    else:
        text = _json([_argilla(suspect, annotator) for suspect in suspects])
    file.parent.mkdir(parents=True, exist_ok=True)
    staging = file.with_name(f".{file.name}.staging")
    staging.write_text(text, "utf-8")
    staging.replace(file)


def _label_studio(suspect: Suspect) -> dict[str, Any]:
    def choices(question: str, chosen: list[str]) -> dict[str, Any]:
        named = {"from_name": question, "to_name": "text", "type": "choices"}
        return named | {"value": {"choices": chosen}}

    answers = _answers(suspect.article).items()
    result = [choices(question, chosen) for question, chosen in answers if chosen]
    changed = [choices("labels", _changed(suspect))] if _changed(suspect) else []
    return {
        "data": _fields(suspect) | _carried(suspect),
        "annotations": [{"result": result}],
        "predictions": [{"model_version": _AGENT, "score": _doubt(suspect), "result": changed}],
    }


def _doccano(suspect: Suspect) -> dict[str, Any]:
    answers = _answers(suspect.article)
    undecided = {name: answers[name] for name in ("unsure", "unknown") if answers[name]}
    return _fields(suspect) | {"label": answers["labels"]} | undecided | _carried(suspect)


def _argilla(suspect: Suspect, annotator: str | None) -> dict[str, Any]:
    fields = _fields(suspect)
    answers = _answers(suspect.article)
    responses = {
        question: [{"value": answers[question], "user_id": annotator}]
        for question in _QUESTIONS
        if answers[question] or question == "labels"
    }
    suggestion = {"value": _changed(suspect), "score": None, "agent": _AGENT}
    return {
        "id": fields.pop("id"),
        "fields": fields,
        "metadata": _carried(suspect),
        "vectors": {},
        "suggestions": {"labels": suggestion} if suggestion["value"] else {},
        "responses": responses if annotator else {},
    }


def _fields(suspect: Suspect) -> dict[str, Any]:
    article = suspect.article.article
    title = {"title": article.title} if article.title else {}
    return {"id": suspect.article.id, "text": article.text} | title


def _carried(suspect: Suspect) -> dict[str, Any]:
    article = suspect.article
    known = {"date": article.date, "fold": article.fold}
    there = {name: value for name, value in known.items() if value is not None}
    return there | {"doubt": "; ".join(map(str, suspect.doubts))}


def _answers(article: LabelledArticle) -> dict[str, list[str]]:
    return {question: sorted(getattr(article, question)) for question in _QUESTIONS}


def _changed(suspect: Suspect) -> list[str]:
    """The labels as they would be if every doubt were right."""
    return sorted(suspect.article.labels ^ {doubt.label for doubt in suspect.doubts})


def _doubt(suspect: Suspect) -> float:
    first = suspect.doubts[0]
    return 1 - first.score if first.given else first.score


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
