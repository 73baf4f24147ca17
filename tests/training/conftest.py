"""What tests of whole runs share: the articles and the encoder of a run of seconds."""

import pytest

from tests.tiny import write_articles, write_encoder


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments of a tiny run: articles, encoder, windows. Tests must not change the files."""
    folder = tmp_path_factory.mktemp("inputs")
    data = write_articles(folder / "articles.jsonl")
    encoder = write_encoder(folder / "encoder")
    return [str(data), "--encoder", str(encoder), "--window", "64", "--overlap", "8"]
