"""A reshaped encoder learns the states of the one it was made from."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import Trainer

from rasid.errors import SettingError
from rasid.normalization import normalize_tokenizer
from rasid.windows import Windowing, open_tokenizer
from tests.tiny import ENCODER, write_articles, write_encoder
from training.align import main, parse_options
from training.alignment import AlignedCollator, AlignedStudent, overlaps
from training.encoders import find_encoder
from training.model import load_encoder
from training.reshape import main as reshape
from training.reshape import parse_options as reshape_options
from training.reshape import train_vocabulary

TEXTS = ["أوقفت الشرطة شخصين في طنجة، أمس الثلاثاء.", "GitHub 2026", "في رصدٌ 漢"]
OTHER = open_tokenizer(
    normalize_tokenizer((ENCODER / "tokenizer.json").read_text("utf-8"), "light"), Windowing()
)
OWN = open_tokenizer(
    normalize_tokenizer(train_vocabulary(iter(TEXTS * 9), 120).to_str(), "light"), Windowing()
)


@given(st.text(alphabet="ابتثقشطةيوء َ،. aB2_\n", max_size=60))
def test_every_token_is_made_of_what_stands_over_it(text: str) -> None:
    own, other = OWN.encode(text), OTHER.encode(text)
    shares = overlaps(own, other)
    assert shares.shape == (len(own.ids), len(other.ids))
    assert (shares >= 0).all()
    sums = shares.sum(1)
    assert np.all(np.isclose(sums, 1, atol=1e-5) | (sums == 0))
    assert shares[0, 0] == shares[-1, -1] == 1
    for a, b in zip(*shares.nonzero(), strict=True):
        (low, high), (first, last) = own.offsets[a], other.offsets[b]
        assert (low < last and first < high) or (a, b) in {(0, 0), (len(own) - 1, len(other) - 1)}


def test_an_encoder_explains_itself_wholly_and_padding_changes_nothing(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder")
    pad = find_encoder(str(folder)).pad_id
    collate = AlignedCollator(OTHER, OTHER, (pad, pad))
    model = AlignedStudent(load_encoder(folder), load_encoder(folder)).eval()
    batch = collate([{"text": text} for text in TEXTS])

    def loss(inputs: dict[str, torch.Tensor]) -> float:
        with torch.no_grad():
            return float(model(**inputs)["loss"])

    model.fit_scale(batch)
    assert loss(batch) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        next(model.student.parameters()).mul_(0.5)
    whole = loss(batch)
    parts = [collate([{"text": text}]) for text in TEXTS]
    tokens = [int(part["attention_mask"].sum()) for part in parts]
    alone = sum(loss(part) * n for part, n in zip(parts, tokens, strict=True))
    assert whole > 0.01
    assert alone / sum(tokens) == pytest.approx(whole, rel=1e-3)


def test_a_reshaped_encoder_comes_nearer_to_its_teacher(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder", layers=3)
    archive = write_articles(tmp_path / "archive.jsonl", count=80)
    told = ["--encoder", str(encoder), "--layers", "2", "--vocabulary", "300"]
    told += ["--archive", str(archive), "--out", str(tmp_path / "reshaped")]
    reshaped = reshape(reshape_options(told))

    def align(out: str, *more: str) -> float:
        told = [str(archive), "--encoder", str(reshaped), "--teacher", str(encoder), "--window"]
        told += ["64", "--out", str(tmp_path / out), "--work", str(tmp_path / f"work-{out}")]
        told += ["--checkpoint-steps", "3", *more]
        folder = main(parse_options(told))
        found: float = json.loads((folder / "alignment.json").read_text())["unexplained_variance"]
        return found

    little, much = align("little", "--passes", "0.2"), align("much", "--passes", "6")
    assert 0 < much < 0.8 * little
    assert load_encoder(tmp_path / "much").config.num_hidden_layers == 2
    with pytest.raises(SettingError, match="already there"):
        align("much")


def test_encoders_of_unlike_width_are_refused(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    archive = write_articles(tmp_path / "archive.jsonl", count=4)
    told = [str(archive), "--encoder", str(encoder), "--out", str(tmp_path / "out")]
    with pytest.raises(SettingError, match="as wide"):
        main(parse_options(told))


@pytest.mark.parametrize(
    ("told", "kept"), [([], False), (["--resume"], True), (["--resume", "--seed", "3"], False)]
)
def test_only_a_run_of_its_own_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str], kept: bool
) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    archive = write_articles(tmp_path / "archive.jsonl", count=40)
    given = [str(archive), "--encoder", str(encoder), "--teacher", str(encoder), "--window", "64"]
    given += ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    started: list[object] = []

    def stop(trainer: Trainer, resume_from_checkpoint: object) -> None:
        started.append(resume_from_checkpoint)
        checkpoint = Path(trainer.args.output_dir) / "checkpoint-3"
        checkpoint.mkdir(parents=True, exist_ok=True)
        (checkpoint / "trainer_state.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "train", stop)
    for more in ([], told):
        with pytest.raises(KeyboardInterrupt):
            main(parse_options([*given, *more]))
    assert [start is not None for start in started] == [False, kept]


def test_windows_longer_than_the_encoder_reads_are_refused(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    archive = write_articles(tmp_path / "archive.jsonl", count=4)
    told = [str(archive), "--encoder", str(encoder), "--teacher", str(encoder)]
    with pytest.raises(SettingError, match=r"^--window: 129 tokens"):
        main(parse_options([*told, "--window", "129", "--out", str(tmp_path / "out")]))
