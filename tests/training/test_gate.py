"""The gate: what it refuses, what it lets pass, and what it cannot judge."""

from dataclasses import replace

import numpy as np
import pytest

from rasid.manifest import Parity
from tests.training.sets import TOPICS, answers, held_out, without
from training.comparison import Answers, Comparison, HeldOut, compare
from training.gate import Verdict, judge
from training.quantisation import Quantisation, compare_forms
from training.timing import Speed, speed_of

GOOD = Parity(articles=100, largest_difference=0.1, mean_difference=0.01, flips=2, decisions=1000)
SAME = {label: label for label in TOPICS}
FORMS = Quantisation(300, 1200, 3, 0.8, 0.801, None)


def compared(part: HeldOut, new: Answers, old: Answers) -> Comparison:
    (found,) = compare([part], [new], [old], SAME)
    return found


def verdict(
    *comparisons: Comparison,
    forms: Quantisation = FORMS,
    parity: Parity = GOOD,
    speed: Speed | None = None,
) -> Verdict:
    return judge(comparisons, forms, parity, speed, apart={} if comparisons else None)


def test_the_same_model_passes_and_what_has_few_articles_is_shown() -> None:
    part = held_out()
    given = answers(part)
    found = compared(part, given, given)
    outcomes = {label: change.outcome for label, change in found.labels.items()}
    assert outcomes == {
        **dict.fromkeys(("common", "other", "rare"), "no difference"),
        "rarest": "cannot be judged",
    }
    assert found.labels["rarest"].p is None
    judged = verdict(found)
    assert judged.passed
    (few,) = judged.unjudged
    stories = found.labels["rarest"].stories
    assert few.text == (f"gate.jsonl: rarest: {stories} different articles with it, 20 are needed")
    assert (few.label, few.numbers) == ("rarest", f"{stories} < 20")


# Not the seed of the articles: the errors would be theirs.
@pytest.mark.parametrize("seed", range(1, 7))
def test_another_model_that_is_as_good_passes(seed: int) -> None:
    part = held_out()
    assert verdict(compared(part, answers(part, seed=seed), answers(part, seed=seed + 50))).passed


def test_a_model_of_shuffled_labels_is_refused_by_all_that_can_be_judged() -> None:
    part = held_out()
    given = answers(part)
    shuffled = replace(given, scores=np.random.default_rng(3).permutation(given.scores))
    refusals = verdict(compared(part, shuffled, given)).refusals
    assert [(refusal.kind, refusal.label) for refusal in refusals] == [
        ("micro", ""),
        ("macro", ""),
        *[("label", label) for label in ("common", "other", "rare")],
    ]


def test_a_model_that_is_worse_on_one_rare_label_only_is_refused_by_its_name() -> None:
    part = held_out()
    given = answers(part, 0.02)
    found = compared(part, without(given, part, "rare", 0.5), given)
    labels = [refusal for refusal in verdict(found).refusals if refusal.kind == "label"]
    (refusal,) = labels
    change = found.labels["rare"]
    assert refusal.label == "rare"
    assert refusal.text.startswith(
        f"gate.jsonl: rare: F1 {change.served:.3f} → {change.candidate:.3f} "
        f"(n = {change.positives}, Δ -"
    )
    assert change.p is not None
    assert change.p < 0.05
    assert found.labels["common"].outcome == "no difference"


def test_a_label_that_cannot_be_judged_has_no_part_in_macro_f1() -> None:
    part = held_out()
    given = answers(part, 0.02)
    found = compared(part, without(given, part, "rarest"), given)
    assert found.labels["rarest"].candidate == 0.0
    assert (found.macro.difference, found.macro.outcome) == (0.0, "no difference")
    # That more articles are wrong than before is seen all the same.
    assert [refusal.kind for refusal in verdict(found).refusals] == ["micro"]


def test_copies_of_one_article_do_not_make_a_label_judgeable() -> None:
    part = held_out()
    rows = part.gold(TOPICS).given[:, 2]
    # All articles with the rare label are the same story.
    copied = replace(part, groups=np.where(rows, -1, part.groups))
    given = answers(part, 0.02)
    change = compared(copied, without(given, part, "rare"), given).labels["rare"]
    assert (change.stories, change.outcome) == (1, "cannot be judged")


def test_many_labels_are_judged_more_strictly_than_one() -> None:
    part = held_out()
    given = answers(part, 0.02)
    new = without(given, part, "rare", 0.15)
    alone = compare([part], [new], [given], {"rare": "rare"})[0].labels["rare"]
    among = compared(part, new, given).labels["rare"]
    assert alone.p is not None
    assert among.p is not None
    assert alone.p < among.p


def test_labels_go_by_other_names_in_the_served_version() -> None:
    part = held_out()
    given = answers(part)
    old = Answers(
        tuple(f"old_{label}" for label in TOPICS[::-1]), given.scores[:, ::-1], np.full(4, 0.5)
    )
    same = {label: f"old_{label}" for label in TOPICS}
    (found,) = compare([part], [given], [old], same)
    assert all(change.difference in (0.0, None) for change in found.labels.values())


def test_a_set_that_the_served_version_may_know_is_shown_but_does_not_count() -> None:
    part = replace(held_out(name="test part"), why_not="it is not known whether …")
    given = answers(part)
    found = compared(part, without(given, part, "common"), given)
    assert found.labels["common"].candidate == 0.0
    judged = verdict(found)
    assert judged.passed
    assert [finding.kind for finding in judged.unjudged] == ["nothing", "data"]


def test_versions_without_anything_to_compare_them_on_pass_and_say_so() -> None:
    judged = judge([], FORMS, GOOD, None, apart={"added": "the served version does not have it"})
    assert judged.passed
    assert [finding.text for finding in judged.unjudged] == [
        "added: the served version does not have it",
        "there is no article that the served version is known not to have learned",
    ]


def test_a_label_that_no_article_has_was_not_looked_for() -> None:
    part = held_out(labels=("common",))
    labels = ("common", "added")
    noisy = Answers(labels, np.full((300, 2), 0.9), np.full(2, 0.5))
    gold = part.gold(labels)
    assert gold.known.all(0).tolist() == [True, False]
    (found,) = compare([part], [noisy], [noisy], {label: label for label in labels})
    assert found.labels["added"].outcome == "cannot be judged"
    assert found.micro.candidate == found.labels["common"].candidate


@pytest.mark.parametrize(("flips", "passes"), [(12, True), (13, False)])
def test_more_than_one_in_a_hundred_decisions_flipped_by_int8(flips: int, passes: bool) -> None:
    part = held_out()
    fp32 = answers(part)
    scores = fp32.scores.copy()
    scores.ravel()[:flips] = 1.0 - scores.ravel()[:flips]
    forms = compare_forms([part], [replace(fp32, scores=scores)], [fp32])
    assert (forms.flips, forms.decisions) == (flips, 1200)
    refusals = [refusal.kind for refusal in verdict(forms=forms).refusals]
    assert ("flips" not in refusals) == passes


def test_f1_that_int8_surely_loses() -> None:
    part = held_out(1000)
    fp32 = answers(part, 0.02)
    forms = compare_forms([part], [without(fp32, part, "rare", 0.3)], [fp32])
    assert forms.flipped < 0.01
    (refusal,) = verdict(forms=forms).refusals
    assert refusal.kind == "int8"
    assert refusal.text.startswith("int8 loses ")
    assert refusal.text.endswith("at most 0.5 may be lost")


def test_too_few_decisions_in_int8_are_not_judged() -> None:
    part = held_out(20)
    fp32 = answers(part)
    forms = compare_forms([part], [replace(fp32, scores=1 - fp32.scores)], [fp32])
    judged = verdict(forms=forms)
    assert judged.passed
    assert judged.unjudged[0].text == "int8 against fp32: 80 decisions, 1000 are needed"
    assert compare_forms([], [], []).flipped == 0.0


def test_a_model_that_differs_from_its_network_is_refused() -> None:
    (refusal,) = verdict(parity=GOOD.model_copy(update={"flips": 60})).refusals
    assert refusal.kind == "parity"
    assert refusal.text.startswith("60 of 1000 decisions differ")


def test_a_model_that_is_half_as_slow_again_is_refused() -> None:
    # The medians alone would say 1.0: the machine was busy in other rounds for each.
    seconds = {"candidate": [1.0, 1.6, 3.2], "served": [1.6, 1.0, 2.0]}
    speed = speed_of(seconds, 10)
    assert (speed.candidate, speed.served, speed.ratio) == (160, 160, 1.6)
    (refusal,) = verdict(speed=speed).refusals
    assert refusal.text.startswith("1.60 times slower than the served version (160.0 against")
    assert verdict(speed=speed_of({**seconds, "candidate": [1.0, 1.5, 2.0]}, 10)).passed
