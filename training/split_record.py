"""The record of a split: which part every article is in, for all runs that are to be compared."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from training.articles import DataError, LabelledArticle

Part = Literal["test", "dev", "train"]
PARTS: tuple[Part, ...] = get_args(Part)

_DIGITS = 16


@dataclass(frozen=True)
class SplitRecord:
    """Parts by hashes of articles' contents; beside each the article's id when it was recorded."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    def parts_of(self, articles: Sequence[LabelledArticle]) -> list[Part | None]:
        """The recorded part of each article, or None where it has none.

        An article is known by its content, under whatever id; by its id where its content
        changed since, and no other article has the recorded content.
        """
        contents = [content_hash(article) for article in articles]
        here = set(contents)
        changed = {name: known for known, name in self.ids.items() if known not in here}
        found: list[Part | None] = []
        for article, content in zip(articles, contents, strict=True):
            known = content if content in self.parts else changed.get(article.id, "")
            found.append(self.parts.get(known))
        return found

    def updated(self, parts: Mapping[Part, Sequence[LabelledArticle]]) -> "SplitRecord":
        """The record with these articles as they are now; those that are not among them stay."""
        rows = {
            content_hash(article): (article.id, part)
            for part, articles in parts.items()
            for article in articles
        }
        names = {name for name, _ in rows.values()}
        gone = {
            known: (name, self.parts[known])
            for known, name in self.ids.items()
            if known not in rows and name not in names
        }
        both = gone | rows
        return SplitRecord(
            parts={known: part for known, (_, part) in both.items()},
            ids={known: name for known, (name, _) in both.items()},
        )


def content_hash(article: LabelledArticle) -> str:
    """Hash of title and text, 16 hexadecimal digits."""
    content = f"{article.article.title or ''}\n{article.article.text}"
    return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


def read_record(file: Path) -> SplitRecord:
    """The record in `file`, an empty one where there is none.

    Raises `DataError` with every line that is no row of one.
    """
    if not file.exists():
        return SplitRecord()
    parts: dict[str, Part] = {}
    ids: dict[str, str] = {}
    problems = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
            name, known, part = row["id"], row["sha256"], row["part"]
        except (ValueError, KeyError, TypeError):
            problems.append(f"{file}:{number}: is no row with id, sha256 and part")
            continue
        if part not in PARTS:
            problems.append(f"{file}:{number}: part: {part!r} is none of {', '.join(PARTS)}")
            continue
        parts[known], ids[known] = part, name
    if problems:
        raise DataError(problems)
    return SplitRecord(parts, ids)


def add_to_record(parts: Mapping[Part, Sequence[LabelledArticle]], file: Path) -> None:
    """Write these articles into the record in `file`, beside what is there by now."""
    # Another run may have added to it meanwhile.
    write_record(read_record(file).updated(parts), file)


def write_record(record: SplitRecord, file: Path) -> None:
    """Write a row an article, sorted by id, beside `file` first, then in its place."""
    rows = sorted((record.ids[known], known, part) for known, part in record.parts.items())
    staging = file.with_name(f".{file.name}.staging")
    with staging.open("w", encoding="utf-8") as target:
        for name, known, part in rows:
            row = {"id": name, "sha256": known, "part": part}
            target.write(json.dumps(row, ensure_ascii=False) + "\n")
    staging.replace(file)
