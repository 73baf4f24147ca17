"""Distillation: kept networks teach a smaller one, which then learns the gold labels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from rasid.article import Article
from rasid.artifact import read_artifact
from rasid.errors import SettingError
from rasid.scores import calibrate
from tests.tiny import VOCABULARY, write_articles, write_encoder
from tests.training.made import LABELS, write_archive, write_network
from training.articles import DataError, articles_of, read_labelled
from training.bags import network_logits
from training.distill import learned_scores, main, pool_of, run_folder
from training.distill_options import DistillOptions, parse_options
from training.duplicates import find_duplicates
from training.encoders import EncoderError, find_encoder
from training.model import BagClassifier, encoder_layers, load_encoder
from training.network import load_network, network_calibration, network_labels
from training.options import parse_options as parse_train_options
from training.reshape import main as reshape
from training.reshape import parse_options as reshape_options
from training.seen import read_seen, refuse_seen, seen_by
from training.splits import Split, split_articles
from training.teachers import article_bags, check_teachers, score_bags, window_features
from training.train import main as train

SMALL = ["--window", "64", "--overlap", "8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    data = write_articles(folder / "articles.jsonl", count=80)
    write_archive(folder / "archive.jsonl", count=80)
    encoder = write_encoder(folder / "encoder", layers=3)
    arguments = [
        str(data),
        "--encoder",
        str(encoder),
        "--out",
        str(folder / "models"),
        *SMALL,
        "--no-gate",
    ]
    keep = ["--work", str(folder / "work"), "--keep-network", str(folder / "network")]
    learn = ["--epochs", "25", "--rate", "3e-3"]
    train(parse_train_options([*arguments, *keep, *learn, "--version", "teacher"]))
    write_network(folder / "second", write_encoder(folder / "other", seed=1), seed=1)
    return folder


def options_for(
    folder: Path, out: Path, *more: str, student: tuple[str, ...] = ("--layers", "2")
) -> DistillOptions:
    arguments = [str(folder / "archive.jsonl"), "--labelled", str(folder / "articles.jsonl")]
    places = ["--out", str(out), "--work", str(out.with_suffix(".work"))]
    teacher = ["--teacher", str(folder / "network")]
    return parse_options([*arguments, *teacher, *places, *student, *SMALL, *more])


def split_of(folder: Path, test_fold: int | None = None) -> Split:
    known = read_labelled([folder / "articles.jsonl"], LABELS)
    duplicates = find_duplicates(articles_of(known))
    return split_articles(known, duplicates, test_fold=test_fold, hold_out=True)


def pool_for(options: DistillOptions) -> list[Article]:
    known = read_labelled(options.labelled, LABELS)
    return pool_of(options, known, LABELS, find_encoder(str(options.teacher[0])))


def scores_of(network: Path, pool: list[Article], options: DistillOptions) -> np.ndarray:
    checkpoint = find_encoder(str(network))
    bags = article_bags(pool, np.zeros((len(pool), len(LABELS))), checkpoint, options.windowing)
    logits = network_logits(load_network(network), bags, checkpoint.pad_id)
    return calibrate(logits, *network_calibration(network))


def test_a_kept_network_is_the_network(folder: Path) -> None:
    network = load_network(folder / "network")
    assert len(encoder_layers(network.windows.encoder)) == 3
    assert set(VOCABULARY) < set(network_labels(folder / "network"))
    fitted = read_artifact(folder / "models" / "teacher").manifest.scoring
    sharpness = [label.sharpness for label in fitted.values()]
    assert network.sharpness.tolist() == pytest.approx(sharpness)
    # Fitted on the same articles as the artifact's, whose network is quantised.
    slope, bias = network_calibration(folder / "network")
    assert slope.tolist() == pytest.approx(
        [label.slope for label in fitted.values()], rel=0.2, abs=0.1
    )
    assert bias.tolist() == pytest.approx(
        [label.bias for label in fitted.values()], rel=0.2, abs=0.1
    )
    with pytest.raises(EncoderError, match=r"network\.json"):
        load_network(folder / "encoder")


def test_the_student_is_smaller_and_says_what_the_teacher_says(
    folder: Path, tmp_path: Path
) -> None:
    far = main(options_for(folder, tmp_path / "far", "--epochs", "0.1", "--linear"))
    options = options_for(folder, tmp_path / "near", "--epochs", "12", "--rate", "1e-3")
    near = main(options)
    assert len(encoder_layers(load_network(near).windows.encoder)) == 2
    assert json.loads((near / "config.json").read_text())["num_hidden_layers"] == 2
    pool = pool_for(options)
    teacher, *students = (scores_of(f, pool, options) for f in (folder / "network", near, far))
    close, distant = (np.abs(scores - teacher).mean() for scores in students)
    assert close < distant
    assert read_seen(near) == read_seen(folder / "network")


def test_any_encoder_can_learn_from_several_teachers(folder: Path, tmp_path: Path) -> None:
    told = ["--encoder", str(folder / "encoder"), "--archive", str(folder / "archive.jsonl")]
    own = reshape(reshape_options([*told, "--vocabulary", "200", "--out", str(tmp_path / "own")]))
    config = json.loads((own / "config.json").read_text())
    narrow = BertConfig.from_dict(config | {"hidden_size": 16, "num_hidden_layers": 1})
    torch.manual_seed(0)
    BertModel(narrow, add_pooling_layer=False).save_pretrained(own)
    told = ["--rate", "3e-3", "--teacher", str(folder / "network"), str(folder / "second")]
    student = ("--student", str(own))
    few = options_for(folder, tmp_path / "few", *told, "--epochs", "0.1", student=student)
    many = options_for(folder, tmp_path / "many", *told, "--epochs", "12", student=student)
    networks = [main(many), main(few)]
    assert load_network(networks[0]).windows.encoder.config.hidden_size == 16
    assert find_encoder(str(networks[0])).config["vocab_size"] <= 200
    work = next((tmp_path / "many.work").iterdir())
    target, pool = np.load(work / "scores.npy"), pool_for(many)
    close, distant = (np.abs(scores_of(n, pool, many) - target).mean() for n in networks)
    assert close < distant
    assert not (work / "features.npy").exists()


def test_teachers_speak_by_their_own_calibration(folder: Path, tmp_path: Path) -> None:
    encoder = folder / "other"
    plain, shifted = (
        write_network(tmp_path / str(bias), encoder, bias=bias) for bias in (0.0, 3.0)
    )
    pool, split = pool_for(options_for(folder, tmp_path / "out"))[:5], split_of(folder)
    logits = []
    for teachers in ([plain], [shifted], [plain, shifted]):
        told = ["--teacher", *map(str, teachers)]
        options = options_for(folder, tmp_path / "out", *told)
        work = tmp_path / f"work-{len(logits)}"
        scores = learned_scores(pool, split, LABELS, options, work)
        logits.append(np.log(scores / (1 - scores)))
    assert logits[1] == pytest.approx(logits[0] + 3)
    assert logits[2] == pytest.approx(logits[0] + 1.5)


def test_the_linear_model_learns_nothing_that_is_tuned_or_measured_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[Article] = []

    class Linear:
        def scores(self, pool: list[Article]) -> np.ndarray:
            return np.full((len(pool), len(LABELS)), 0.5)

    def fit(articles: list[Article], *_: object, **__: object) -> Linear:
        learned.extend(articles)
        return Linear()

    monkeypatch.setattr("training.distill.fit_linear", fit)
    main(options_for(folder, tmp_path / "out", "--linear", "--epochs", "0.1"))
    split = split_of(folder)
    assert {article.id for article in learned} == {article.id for article in split.train}
    assert split.dev
    assert split.test
    learned.clear()
    main(options_for(folder, tmp_path / "without", "--epochs", "0.1"))
    assert not learned


def test_the_student_learns_the_gold_labels_with_its_head(folder: Path, tmp_path: Path) -> None:
    student = main(options_for(folder, tmp_path / "student", "--epochs", "1"))
    arguments = [str(folder / "articles.jsonl"), "--encoder", str(student), *SMALL, "--no-gate"]
    arguments += ["--out", str(tmp_path / "models"), "--work", str(tmp_path / "work")]
    version = train(parse_train_options([*arguments, "--epochs", "1", "--version", "student"]))
    assert read_artifact(version).manifest.encoder.layers == 2


def test_nothing_is_measured_on_what_a_network_has_seen(folder: Path, tmp_path: Path) -> None:
    seen, split = read_seen(folder / "network"), split_of(folder)
    assert seen == seen_by([*split.train, *split.dev], None)
    with pytest.raises(SettingError, match=r"^--teacher: .* has learned from \d+ of the 16"):
        main(options_for(folder, tmp_path / "out", "--test-fold", "0"))
    told = [str(folder / "articles.jsonl"), "--out", str(tmp_path), "--test-fold", "1", *SMALL]
    told += ["--work", str(tmp_path / "work"), "--encoder"]
    with pytest.raises(SettingError, match=r"^--encoder: .* has learned from"):
        train(parse_train_options([*told, str(folder / "network")]))
    told += [str(folder / "encoder"), "--unlabelled", str(folder / "archive.jsonl")]
    with pytest.raises(SettingError, match=r"^--teacher: .* has learned from"):
        train(parse_train_options([*told, "--teacher", str(folder / "network")]))
    kept_out = write_network(
        tmp_path / "kept out", folder / "other", seen=seen_by(split_of(folder, 3).train, 3)
    )
    refuse_seen("--encoder", [kept_out], split_of(folder, 3).test)
    with pytest.raises(SettingError, match="when it was trained: 3"):
        refuse_seen("--encoder", [folder / "other", kept_out], split_of(folder, 2).test)
    student = options_for(folder, tmp_path / "x", "--test-fold", "3", "--teacher", str(kept_out))
    assert read_seen(main(student)) == read_seen(kept_out)


def test_the_pool_leaves_out_what_is_labelled_or_excluded(folder: Path, tmp_path: Path) -> None:
    whole = pool_for(options_for(folder, tmp_path / "out"))
    assert len(whole) == 80
    some = "".join(folder.joinpath("archive.jsonl").read_text("utf-8").splitlines(True)[:30])
    (tmp_path / "some.jsonl").write_text(some, "utf-8")
    more = ["--exclude", str(tmp_path / "some.jsonl")]
    assert pool_for(options_for(folder, tmp_path / "out", *more)) == whole[30:]
    (tmp_path / "archive.jsonl").write_text(folder.joinpath("articles.jsonl").read_text("utf-8"))
    told = [str(tmp_path / "archive.jsonl"), "--labelled", str(folder / "articles.jsonl")]
    told += ["--teacher", str(folder / "network"), "--layers", "2", "--out", "unused"]
    options = parse_options(told)
    with pytest.raises(DataError, match="is left to learn from"):
        pool_for(options)


def test_runs_of_other_inputs_do_not_share_a_folder(folder: Path, tmp_path: Path) -> None:
    def place(*more: str) -> Path:
        options = options_for(folder, tmp_path / "out", *more)
        return run_folder(options, find_encoder(str(options.teacher[0])))

    assert place() == place("--resume")
    second = ["--teacher", str(folder / "second")]
    others = [place(*second), place("--seed", "1"), place("--linear"), place("--articles", "9")]
    assert len({place(), *others}) == 5
    assert all(other.parent == tmp_path / "out.work" for other in others)


def test_scores_are_computed_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = options_for(folder, tmp_path / "out")
    pool = pool_for(options)[:3]
    first = learned_scores(pool, split_of(folder), LABELS, options, tmp_path)
    monkeypatch.delattr("training.distill.teacher_scores")
    again = learned_scores(pool, split_of(folder), LABELS, options, tmp_path)
    assert np.array_equal(first, again)


def test_scoring_is_done_where_it_is_fastest(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[torch.device] = []

    class Recorder(BagClassifier):
        def to(self, device: torch.device) -> "Recorder":  # type: ignore[override]
            moves.append(device)
            return self

        def cpu(self) -> "Recorder":
            moves.append(torch.device("cpu"))
            return self

    monkeypatch.setattr("training.teachers.fastest_device", lambda: torch.device("cuda"))
    options, checkpoint = options_for(folder, tmp_path / "out"), find_encoder(str(folder / "other"))
    network = Recorder(load_encoder(folder / "other"), len(LABELS)).eval()
    pool = pool_for(options)[:2]
    bags = article_bags(pool, np.zeros((2, len(LABELS))), checkpoint, options.windowing)
    assert score_bags(network, bags, checkpoint.pad_id).shape == (2, len(LABELS))
    assert moves == [torch.device("cuda"), torch.device("cpu")]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_scores_and_features_are_the_same_on_a_gpu(folder: Path, tmp_path: Path) -> None:
    options, checkpoint = options_for(folder, tmp_path / "out"), find_encoder(str(folder / "other"))
    network, pool = load_network(folder / "second"), pool_for(options)[:9]
    bags = article_bags(pool, np.zeros((9, len(LABELS))), checkpoint, options.windowing)
    on_cpu = network_logits(network, bags, checkpoint.pad_id)
    assert np.abs(score_bags(network, bags, checkpoint.pad_id) - on_cpu).max() < 0.05
    features = window_features(network, bags, checkpoint.pad_id)
    assert np.isfinite(features).all()
    assert next(network.parameters()).device.type == "cpu"


def test_what_cannot_be_distilled_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="already there"):
        main(options_for(folder, folder / "network"))
    for student in ((), ("--layers", "2", "--student", "compact")):
        with pytest.raises(SystemExit):
            options_for(folder, tmp_path / "out", student=student)
    with pytest.raises(SettingError, match="--layers"):
        main(options_for(folder, tmp_path / "out", student=("--layers", "4")))
    other = write_network(tmp_path / "other", folder / "other", labels=("one", "two"))
    with pytest.raises(SettingError, match="has other labels"):
        check_teachers([folder / "network", other], LABELS)
    (tmp_path / "archive.jsonl").write_text("[1]\n")
    told = [str(tmp_path / "archive.jsonl"), "--labelled", str(folder / "articles.jsonl"), *SMALL]
    told += ["--teacher", str(folder / "network"), "--layers", "2", "--out", str(tmp_path / "out")]
    with pytest.raises(DataError, match=r"archive\.jsonl:1: "):
        main(parse_options([*told, "--work", str(tmp_path / "work")]))
