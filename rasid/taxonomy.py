"""The taxonomy: which topics there are and what each one means."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

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


class Bilingual(BaseModel):
    """The same words in Arabic and in English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ar: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class TopicDefinition(BaseModel):
    """One topic: its id (the label), its names, what it is and what it is not.

    `iptc` holds links of IPTC Media Topics (https://iptc.org/standards/media-topics/)
    that are the same subject or the nearest broader one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Bilingual
    definition: Bilingual
    excludes: Bilingual
    iptc: tuple[MediaTopic, ...]


class Taxonomy(BaseModel):
    """All topics, in the order of the model's outputs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topics: Annotated[tuple[TopicDefinition, ...], Field(min_length=1)]

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
        raise TaxonomyError(f"{path}: {where}: {first['msg']}") from None
    repeated = {label for label in taxonomy.labels if taxonomy.labels.count(label) > 1}
    if repeated:
        raise TaxonomyError(f"{path}: topic given twice: {', '.join(sorted(repeated))}")
    return taxonomy
