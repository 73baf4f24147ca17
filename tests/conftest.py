"""What all tests share: no network, and one tiny trained artifact."""

import os

# Before anything imports the Hugging Face libraries, which read these at import.
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    TRANSFORMERS_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
    # Tests run side by side, a process a core: torch's own threads would only stand in each
    # other's way.
    OMP_NUM_THREADS="1",
)

from pathlib import Path

import pytest

from tests.tiny import write_articles, write_encoder


@pytest.fixture(scope="session")
def tiny_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact trained from a tiny random BERT. Tests must not change it."""
    from training.options import parse_options
    from training.train import main

    folder = tmp_path_factory.mktemp("tiny")
    data = write_articles(folder / "articles.jsonl")
    encoder = write_encoder(folder / "encoder")
    options = (
        f"--window 64 --overlap 8 --epochs 2 --no-gate --version tiny --work {folder / 'work'}"
    )
    arguments = [str(data), "--encoder", str(encoder), "--out", str(folder / "models")]
    return main(parse_options([*arguments, *options.split()]))
