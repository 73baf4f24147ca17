"""The classifier on a tiny artifact: answers, coverage, evidence and warnings."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.article import Article, arabic_share
from rasid.classification import Classification
from rasid.classifier import Classifier
from rasid.evidence import MAX_PASSAGE, passages

SENTENCES = [
    "أعلنت الشرطة في المدينة توقيف شخصين يشتبه في تورطهما في اختراق خوادم مؤسسة عمومية.",
    "وقال المسؤول إن القراصنة طلبوا فدية كبيرة مقابل إعادة البيانات إلى أصحابها.",
    "وفي خبر آخر وصلت قوارب تقل مهاجرين إلى السواحل الجنوبية خلال الأسبوع الماضي.",
    "ولم تسجل أي إصابات في صفوف الركاب الذين نقلوا إلى مركز للإيواء.",
]


@pytest.fixture(scope="module")
def classifier(tiny_artifact: Path) -> Classifier:
    return Classifier.load(tiny_artifact, threads=1)


def scores(answer: Classification) -> dict[str, float]:
    return {topic.label: topic.score for topic in answer.topics}


def test_every_topic_is_answered_best_first(classifier: Classifier) -> None:
    answer = classifier.classify(Article(" ".join(SENTENCES)))
    values = [topic.score for topic in answer.topics]
    assert values == sorted(values, reverse=True)
    assert set(scores(answer)) == set(classifier.manifest.taxonomy.labels)
    for topic in answer.topics:
        scoring = classifier.manifest.scoring[topic.label]
        assert topic.threshold == scoring.threshold
        assert topic.decision == scoring.decide(topic.score)
    assert answer.labels == tuple(t.label for t in answer.topics if t.decision == "assigned")


def test_an_answer_does_not_depend_on_what_else_is_classified(classifier: Classifier) -> None:
    articles = [Article(" ".join(SENTENCES[i:] * (i + 1))) for i in range(4)]
    alone = [classifier.classify(article) for article in articles]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(classifier.classify, articles * 3))
    assert together == alone * 3


def test_a_window_does_not_depend_on_its_neighbours(classifier: Classifier) -> None:
    long = Article(" ".join(SENTENCES * 6))
    (windows,) = classifier.window_logits([long])
    again, other = classifier.window_logits([long, Article(SENTENCES[3])])
    assert (again == windows).all()
    assert len(other) == 1


def test_the_pace_of_the_steps_changes_nothing(classifier: Classifier) -> None:
    articles = [Article(" ".join(SENTENCES * times)) for times in (1, 9, 3)]
    expected = [classifier.classify(article) for article in articles]
    answers: dict[int, Classification] = {}
    steps = [classifier.steps(article) for article in articles]
    asked = [next(each) for each in steps]
    # In turns, and window by window.
    while len(answers) < len(articles):
        for place in range(len(articles)):
            if place not in answers:
                logits = np.concatenate([classifier.infer([ids]) for ids in asked[place]])
                try:
                    asked[place] = steps[place].send(logits)
                except StopIteration as end:
                    answers[place] = end.value
    assert [answers[place] for place in range(len(articles))] == expected


def test_long_articles_are_covered_to_the_last_character(classifier: Classifier) -> None:
    text = " ".join(SENTENCES * 40)
    coverage = classifier.classify(Article(text), evidence=False).coverage
    assert coverage.chars == coverage.chars_classified == len(text)
    assert coverage.windows > 10
    assert coverage.tokens > 40 * 40


@pytest.mark.parametrize(
    "text",
    ["&quot;نعم&quot;", "نعم\u064c\u0651", "\u200f\u202bنعم\u202c", "&amp;", "\u200f", "نعم\n"],
)
def test_edges_that_normalisation_drops_or_rewrites_are_classified(
    classifier: Classifier, text: str
) -> None:
    coverage = classifier.classify(Article(text, title="عنوان")).coverage
    assert coverage.chars_classified == coverage.chars == len(text)


def test_evidence_is_a_passage_of_the_callers_text(classifier: Classifier) -> None:
    text = "\u200f" + " ".join(SENTENCES)
    answer = classifier.classify(Article(text, title="اختراق خوادم وطلب فدية من مؤسسة عمومية"))
    shown = [t for t in answer.topics if t.decision != "rejected"]
    assert shown
    for topic in answer.topics:
        assert bool(topic.evidence) == (topic.decision != "rejected")
        assert sum(e.end - e.start for e in topic.evidence) <= MAX_PASSAGE
        for passage in topic.evidence:
            source = text if passage.field == "text" else "اختراق خوادم وطلب فدية من مؤسسة عمومية"
            assert passage.text == source[passage.start : passage.end]
            assert 0 <= passage.score <= 1


def test_evidence_never_reaches_across_furniture(classifier: Classifier) -> None:
    text = f"{SENTENCES[0]}\nجميع الحقوق محفوظة\n{SENTENCES[1]}"
    answer = classifier.classify(Article(text))
    passages_shown = [e for topic in answer.topics for e in topic.evidence]
    assert passages_shown
    assert all(e.text in SENTENCES for e in passages_shown)
    assert all(len(topic.evidence) <= 1 for topic in answer.topics)


def test_a_text_of_a_few_words_has_evidence_too(classifier: Classifier) -> None:
    answer = classifier.classify(Article("هجوم إرهابي"))
    assert {e.text for topic in answer.topics for e in topic.evidence} == {"هجوم إرهابي"}


def test_without_evidence_scores_are_the_same(classifier: Classifier) -> None:
    article = Article(" ".join(SENTENCES))
    plain = classifier.classify(article, evidence=False)
    assert scores(plain) == scores(classifier.classify(article))
    assert not any(topic.evidence for topic in plain.topics)


def test_warnings(classifier: Classifier) -> None:
    assert classifier.classify(Article(SENTENCES[0])).warnings == ()
    assert classifier.classify(Article("The minister spoke.")).warnings == ("not_arabic",)
    furniture = classifier.classify(Article("جميع الحقوق محفوظة"))
    assert furniture.warnings == ("no_content",)
    assert furniture.coverage.chars_classified == furniture.coverage.chars


@settings(max_examples=50)
@given(text=st.text(min_size=1, max_size=400), title=st.none() | st.text(max_size=40))
def test_any_text_is_classified(classifier: Classifier, text: str, title: str | None) -> None:
    answer = classifier.classify(Article(text, title))
    coverage = answer.coverage
    edges = [0, *(edge for span in coverage.furniture for edge in span), len(text)]
    content = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    read = [piece for piece in content if piece.strip()]
    assert coverage.chars_classified == sum(map(len, read or [text]))
    for topic in answer.topics:
        if text.strip():
            assert bool(topic.evidence) == (topic.decision != "rejected")
        assert 0 <= topic.score <= 1
        for passage in topic.evidence:
            source = text if passage.field == "text" else title or ""
            assert 0 <= passage.start < passage.end <= len(source)


@given(text=st.text("ابج. ،\n؟1x", max_size=900))
def test_passages_are_short_and_in_order(text: str) -> None:
    found = list(passages(text))
    assert all(0 < end - start <= MAX_PASSAGE for start, end in found)
    assert all(left[1] <= right[0] for left, right in pairwise(found))


def test_sentences_end_at_full_stops_but_not_in_numbers() -> None:
    text = "ارتفعت القيمة إلى 3.5 ملايين درهم خلال السنة الماضية. وقال المسؤول إن الأمر عاد جدا!"
    found = [text[start:end] for start, end in passages(text)]
    assert found == [text[:54].strip(), text[54:].strip()]


def test_arabic_share() -> None:
    assert arabic_share("123 !") == 0.0
    assert arabic_share("مرحبا") == 1.0
    assert arabic_share("اب cd") == 0.5
