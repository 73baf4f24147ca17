"""Hostile texts as long as the service accepts: quadratic work would take many minutes."""

import time
from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
import pytest
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.evidence import find_evidence, passages
from rasid.normalization import Profile, normalize_tokenizer
from rasid.reading import read_article
from rasid.steps import Steps
from rasid.windows import Windowing, cut_windows, open_tokenizer
from tests.core.small_wordpiece import write_wordpiece
from tests.core.stepping import finish
from tests.tiny import ENCODER

CHARS = 200_000
SECONDS = 5.0
LABELS = 11


def filled(unit: str, last: str = "") -> str:
    return "".join(islice(cycle(unit), CHARS - len(last))) + last


LINE = "أعلن المسؤول أمس عن قرار رقم {n}.\n- فتح طريق جديد بين مدينتين بعيدتين {n}\n"
TEXTS = {
    "one number": filled("1", "a"),
    "numbers": filled("1,", "a"),
    "full stops": filled(".", "x"),
    "full stops and closing marks": filled('."', "x"),
    "closing marks": "." + filled('"', "x"),
    "tabs": "a" + filled("\t", "b"),
    "spaces": "a" + filled(" ", "b"),
    "no-break spaces": "a" + filled("\u00a0", "b"),
    "letters": filled("ا"),
    "words": filled("ا "),
    "letters and full stops": filled("ا."),
    "separators": filled("|"),
    "menu": filled("ا | "),
    "copyright": filled("(c)\t", "x"),
    "marks": "ا" + filled("\u064b"),
    "entities": filled("&quot;"),
    "broken entities": filled("&#0"),
    "one broken entity": "&#" + filled("0"),
    "tags": filled("<a"),
    "addresses": filled("a.", "@"),
    "links": filled("www."),
    "short lines": filled("اب\n"),
    "headings": filled("اقرأ أيضا\n"),
    "line separators": filled("\u2028", "x"),
    "ampersands": filled("&"),
    "carriage returns": filled("ا\r"),
    "lines with numbers": "".join(f"ا{n}\n" for n in range(30_000)),
    "furniture in turns": "".join(f"شارك\n{n} كلمة أخرى.\n" for n in range(9_000)),
    "lists": "".join((LINE + LINE[34:] * 2).format(n=n) for n in range(1_300)),
}


def open_profile(source: str, profile: Profile) -> Tokenizer:
    return open_tokenizer(normalize_tokenizer(source, profile), Windowing())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return open_profile((ENCODER / "tokenizer.json").read_text("utf-8"), "light")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_reading_windows_and_evidence(tokenizer: Tokenizer, text: str) -> None:
    began = time.perf_counter()
    reading = read_article(Article(text))
    assert list(passages(reading.text, shortest=1))
    (windows,) = cut_windows(tokenizer, [reading.text])
    logits = np.zeros((len(windows), LABELS))
    scored = 0

    def score(texts: Sequence[str]) -> Steps[np.ndarray]:
        yield from ()
        nonlocal scored
        scored += len(texts)
        return np.zeros((len(texts), LABELS))

    wanted = {str(column): column for column in range(LABELS)}
    found = finish(find_evidence(reading, windows, logits, wanted, score))
    assert time.perf_counter() - began < SECONDS
    assert all(found.values())
    # Inference is what costs most: it must not grow with the length of the text.
    assert scored < 1_000


@pytest.mark.parametrize("name", ["addresses", "links", "tags", "broken entities", "letters"])
def test_arabert_steps(name: str) -> None:
    arabert = open_profile(write_wordpiece(), "arabert")
    began = time.perf_counter()
    assert cut_windows(arabert, [TEXTS[name]])[0]
    assert time.perf_counter() - began < SECONDS
