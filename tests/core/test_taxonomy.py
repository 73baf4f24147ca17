"""The taxonomy file, and topics as manifests of every age have them."""

import pytest
from pydantic import ValidationError

from rasid.taxonomy import TopicDefinition

WORDS = {"ar": "تعريف", "en": "definition"}
LINK = "http://cv.iptc.org/newscodes/mediatopic/20000103"


def topic(iptc: str) -> TopicDefinition:
    words = {"name": WORDS, "definition": WORDS, "excludes": WORDS}
    return TopicDefinition.model_validate({"id": "topic", **words, "iptc": [iptc]})


@pytest.mark.parametrize("written", ["20000103", LINK])
def test_media_topics_are_links_whatever_the_manifest_has(written: str) -> None:
    assert topic(written).iptc == (LINK,)
    assert TopicDefinition.model_validate_json(topic(written).model_dump_json()) == topic(LINK)


@pytest.mark.parametrize("written", ["2000010", "30000103", LINK + "7", "https://example.org", ""])
def test_other_things_are_no_media_topics(written: str) -> None:
    with pytest.raises(ValidationError, match="iptc"):
        topic(written)
