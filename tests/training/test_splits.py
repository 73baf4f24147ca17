"""Splits: nothing that is nearly the same in two parts, and the same parts in the next run."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rasid.article import Article
from training.articles import DataError, LabelledArticle, articles_of
from training.duplicates import find_duplicates
from training.split_record import PARTS, SplitRecord, read_record, write_record
from training.splits import Split, split_articles


def made(number: int, *labels: str, text: str | None = None, **changes: object) -> LabelledArticle:
    """An article of words that no other one has."""
    own = text or " ".join(f"كلمة{number}م{n}" for n in range(60))
    article = LabelledArticle(
        Article(own, None, f"a{number}"), frozenset(labels), place=f"d.jsonl:{number}"
    )
    return replace(article, **changes)  # type: ignore[arg-type]


def copied(original: LabelledArticle, number: int) -> LabelledArticle:
    """The same report in another outlet, with a sentence of its own."""
    text = f"{original.article.text} ونقلت الوكالة الخبر رقم {number}."
    return replace(
        original, article=Article(text, None, f"copy{number}"), place=f"d.jsonl:{1000 + number}"
    )


def split(articles: list[LabelledArticle], **changes: object) -> Split:
    told: dict[str, object] = {"test_fold": None, "hold_out": True}
    duplicates = find_duplicates(articles_of(articles))
    return split_articles(articles, duplicates, **told | changes)  # type: ignore[arg-type]


def parts_of(found: Split) -> dict[str, str]:
    return {a.id: part for part, articles in found.parts.items() for a in articles}


@pytest.fixture
def articles() -> list[LabelledArticle]:
    """300 articles, of each tenth one there are two copies, one of a label in 20 ones."""
    labels = ["crime"] * 5 + ["cyber"] * 2 + [""] * 3
    first = [made(n, *filter(None, [labels[n % 10]])) for n in range(300)]
    for n in range(0, 300, 15):
        first[n] = replace(first[n], labels=frozenset({"crime", "rare"}))
    copies = [copied(first[n], n + extra) for n in range(0, 300, 10) for extra in (0, 1)]
    return [*first, *copies]


def test_copies_are_in_the_part_of_their_original(articles: list[LabelledArticle]) -> None:
    parts = parts_of(split(articles))
    assert len(parts) == 360
    for n in range(0, 300, 10):
        assert parts[f"a{n}"] == parts[f"copy{n}"] == parts[f"copy{n + 1}"]
    sizes = Counter(parts.values())
    assert (sizes["test"], sizes["dev"]) == (pytest.approx(36, abs=4), pytest.approx(32, abs=4))
    with_rare = Counter(parts[a.id] for a in articles if "rare" in a.labels)
    assert min(with_rare[part] for part in PARTS) >= 2


def test_the_order_of_the_files_does_not_matter(articles: list[LabelledArticle]) -> None:
    shuffled = random.Random(3).sample(articles, len(articles))
    assert parts_of(split(shuffled)) == parts_of(split(articles))


def test_no_part_is_of_one_end_of_the_file(articles: list[LabelledArticle]) -> None:
    # Articles of one source stand together: no part may be of the last source only.
    found = [int(a.id.removeprefix("a")) for a in split(articles).test if a.id.startswith("a")]
    assert min(found) < 100 < 200 < max(found)


def test_without_a_held_out_part_its_articles_are_trained_on(
    articles: list[LabelledArticle],
) -> None:
    with_test, without = split(articles), split(articles, hold_out=False)
    assert without.test == []
    assert without.dev == with_test.dev
    assert len(without.train) == len(with_test.train) + len(with_test.test)


def test_recorded_articles_stay_where_they_were(
    articles: list[LabelledArticle], tmp_path: Path
) -> None:
    first = split(articles[:200])
    file = tmp_path / "split.jsonl"
    write_record(SplitRecord().updated(first.parts), file)
    recorded = read_record(file)
    second = split(articles, recorded=recorded)
    before, after = parts_of(first), parts_of(second)
    assert all(after[name] == part for name, part in before.items())
    # The copies of recorded articles came later, and follow them.
    assert after["copy10"] == after["a10"]
    assert len(second.test) == pytest.approx(36, abs=4)

    # Under other ids they are still the same articles, and corrected texts under the same ids.
    renamed = [
        replace(a, article=replace(a.article, id=f"other-{a.id}"))
        if n % 2
        else replace(a, article=replace(a.article, text=a.article.text + " تصحيح"))
        for n, a in enumerate(articles[:200])
    ]
    again = parts_of(split(renamed, recorded=recorded))
    assert {name.removeprefix("other-"): part for name, part in again.items()} == before

    write_record(recorded.updated(split(articles[100:], recorded=recorded).parts), file)
    both = read_record(file)
    assert set(both.ids.values()) == {a.id for a in articles}
    assert parts_of(split(articles, recorded=both)).items() >= before.items()


def test_an_id_that_only_numbers_lines_is_no_other_article() -> None:
    lines = [made(n, "crime") for n in range(30)]
    recorded = SplitRecord().updated(split(lines).parts)
    # An article was put in at the beginning: each has the id of the one before.
    shifted = [made(99, "crime"), *lines]
    renamed = [replace(a, article=replace(a.article, id=f"a{n}")) for n, a in enumerate(shifted)]
    expected = ["train", *recorded.parts_of(lines)]
    found = parts_of(split(renamed, recorded=recorded))
    assert [found[a.id] for a in renamed][1:] == expected[1:]


def test_a_broken_record_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "split.jsonl"
    file.write_text(
        '{"id": "a", "sha256": "0", "part": "test"}\n[]\n{"id": "b"}\n'
        '{"id": "c", "sha256": "1", "part": "all"}\n',
        "utf-8",
    )
    with pytest.raises(DataError) as caught:
        read_record(file)
    assert list(caught.value.problems) == [
        f"{file}:2: is no row with id, sha256 and part",
        f"{file}:3: is no row with id, sha256 and part",
        f"{file}:4: part: 'all' is none of test, dev, train",
    ]


def test_the_newest_are_measured_on(articles: list[LabelledArticle]) -> None:
    dated = [
        replace(a, date=f"20{10 + n // 30:02}-{1 + n % 12:02}-01") for n, a in enumerate(articles)
    ]
    found = split(dated, newest=True)
    # A copy goes where the first report of it goes: 'copy0' of 2020 with 'a0' of 2010.
    assert parts_of(found)["copy0"] == "train"
    firsts = {
        part: [a.day for a in those if a.id.startswith("a")] for part, those in found.parts.items()
    }
    assert max(firsts["train"]) <= min(firsts["dev"]) <= max(firsts["dev"]) <= min(firsts["test"])
    undated = [replace(dated[0], date="2010"), *dated[1:]]
    with pytest.raises(DataError, match=r"^d\.jsonl:0: date: is no full date"):
        split(undated, newest=True)


def test_folds_of_the_data_are_used_as_they_are(articles: list[LabelledArticle]) -> None:
    folded = [replace(a, fold=n % 5) for n, a in enumerate(articles)]
    found = split(folded, test_fold=2, leaks="allow")
    assert [a.id for a in found.test] == [a.id for a in folded if a.fold == 2]
    assert len(found.dev) == pytest.approx(29, abs=4)
    assert len(parts_of(found)) == len(folded)
    with pytest.raises(DataError, match="no article has fold 7"):
        split(folded, test_fold=7)


def test_a_leaked_duplicate_is_refused_unless_told_otherwise() -> None:
    folded = [made(n, "crime", fold=n % 5) for n in range(50)]
    leaked = replace(copied(folded[2], 7), fold=3)
    folded.append(leaked)
    found = split(folded, test_fold=2, leaks="allow")
    part = parts_of(found)["copy7"]
    with pytest.raises(DataError) as caught:
        split(folded, test_fold=2)
    line, advice = caught.value.problems
    assert line == (
        f"d.jsonl:2: 'a2' (test) is nearly the same as 'copy7' ({part}) at d.jsonl:1007"
    )
    assert "--leaks leave-out" in advice
    without = split(folded, test_fold=2, leaks="leave-out")
    assert without.left_out == (leaked,)
    assert without.test == found.test
    assert len(without.train) + len(without.dev) == len(found.train) + len(found.dev) - 1
    assert found.left_out == split(folded).left_out == ()


def test_what_links_recorded_parts_leaks() -> None:
    lines = [made(n, "crime") for n in range(40)]
    first = split(lines)
    recorded = SplitRecord().updated(first.parts)
    held, trained = first.test[0], first.train[0]
    roundup = made(77, "crime", text=f"{held.article.text}\n\n{trained.article.text}")
    more = [*lines, roundup]
    assert (
        parts_of(split(more, recorded=recorded, leaks="allow")).items() >= parts_of(first).items()
    )
    with pytest.raises(DataError, match=f"'{held.id}' \\(test\\) is nearly the same as 'a77'"):
        split(more, recorded=recorded)
    without = split(more, recorded=recorded, leaks="leave-out")
    assert parts_of(without) == parts_of(first)


def test_too_few_to_split() -> None:
    with pytest.raises(DataError, match="3 articles are too few to split"):
        split([made(n) for n in range(3)])
