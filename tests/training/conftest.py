"""What tests of whole runs share: the articles and the encoder of a run of seconds."""

import pytest

from tests.tiny import write_articles, write_encoder
from tests.training.runs import LEARNING, Runs, learnable, train
from training.promotion import PromotionRefused


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments of a tiny run: articles, encoder, windows. Tests must not change the files.

    Without a gate: what the run ends with takes longer than the run.
    """
    folder = tmp_path_factory.mktemp("inputs")
    data = write_articles(folder / "articles.jsonl")
    encoder = write_encoder(folder / "encoder")
    return [str(data), "--encoder", str(encoder), "--window", "64", "--overlap", "8", "--no-gate"]


@pytest.fixture(scope="session")
def runs(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A version of good labels that is served, and one of shuffled labels."""
    folder = tmp_path_factory.mktemp("runs")
    gate = write_articles(folder / "gate.jsonl", count=120, seed=2)
    (folder / "shuffled").mkdir()
    told = [*inputs[1:-1], "--gate", str(gate)]
    good = [str(learnable(folder)), *told]
    bad = [str(learnable(folder / "shuffled", shuffled=True)), *told]
    with pytest.MonkeyPatch.context() as patched:
        # Two models of one shape; only chance would tell them apart.
        patched.setattr("training.gate.MAX_SLOWER", 1000.0)
        first = train(good, folder, "--version", "v1", *LEARNING)
        with pytest.raises(PromotionRefused) as refused:
            train(bad, folder, "--version", "shuffled", *LEARNING)
    return Runs(good, folder, first, str(refused.value))
