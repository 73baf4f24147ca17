"""The taxonomy: which topics there are and what each one means."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from rasid.errors import TaxonomyError

IPTC_MEDIA_TOPICS = "http://cv.iptc.org/newscodes/mediatopic/"


def _link(topic: object) -> object:
    bare = isinstance(topic, str) and topic.isdigit()
    return f"{IPTC_MEDIA_TOPICS}{topic}" if bare else topic


MediaTopic = Annotated[
    str,
    BeforeValidator(_link),
    Field(pattern=r"^http://cv\.iptc\.org/newscodes/mediatopic/20\d{6}$"),
]
"""The link of an IPTC Media Topic; read also from its bare id, as in older manifests."""

Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Bilingual(BaseModel):
    """The same words in Arabic and in English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ar: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class TopicDefinition(BaseModel):
    """One topic: its id (the label), its names, what it is and what it is not.

    `iptc` holds links of IPTC Media Topics (https://iptc.org/standards/media-topics/)
    that are the same subject or the nearest broader one. `was` holds ids that are read as
    this one: its own earlier ones, and those of topics that it has taken in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Label
    name: Bilingual
    definition: Bilingual
    excludes: Bilingual
    iptc: tuple[MediaTopic, ...]
    was: tuple[Label, ...] = ()


class Taxonomy(BaseModel):
    """All topics, in the order of the model's outputs.

    `removed` are ids of topics that are none any more; where articles have them they count
    for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    removed: tuple[Label, ...] = ()
    topics: Annotated[tuple[TopicDefinition, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        earlier = [old for topic in self.topics for old in topic.was]
        counts = Counter((*self.labels, *earlier, *self.removed))
        if repeated := sorted(label for label, count in counts.items() if count > 1):
            raise ValueError(f"id given twice: {', '.join(repeated)}")
        return self

    @property
    def earlier(self) -> dict[str, str | None]:
        """Earlier ids with the label that each is read as, None where its topic was removed."""
        read_as = {old: topic.id for topic in self.topics for old in topic.was}
        return read_as | dict.fromkeys(self.removed)

    @property
    def labels(self) -> tuple[str, ...]:
        """The topics' ids, in the order of the model's outputs."""
        return tuple(topic.id for topic in self.topics)


def read_taxonomy(path: Path) -> Taxonomy:
    """Read the human-edited TOML file of topics (`[[topics]]` tables).

    Raises `TaxonomyError` naming the file and the entry that is wrong.
    """
    try:
        taxonomy = Taxonomy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TaxonomyError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        raise TaxonomyError(": ".join(filter(None, [str(path), where, problem]))) from None
    return taxonomy
