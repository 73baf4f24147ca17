"""Normalisation inside tokenizer.json: what it changes, and what offsets still say."""

import html.entities
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rasid.normalization import normalize_tokenizer
from rasid.windows import Windowing, cut_windows, open_tokenizer
from tests.core.small_wordpiece import write_wordpiece
from tests.tiny import ENCODER

SHARED = Path(os.environ.get("RASID_SHARED", "../shared"))
ARABERT = SHARED / "arabertv02-tokenizer" / "tokenizer.json"

WINDOWING = Windowing(size=64, overlap=8)

ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
# Presentation forms of one letter, and of several in one character.
FORMS = [
    chr(code)
    for code in range(0xFE80, 0xFEF5)
    if unicodedata.normalize("NFKC", chr(code)) in ARABIC
]
LIGATURES = ["\ufefb", "\ufef7", "\ufdf2"]
# What normalisation drops: marks, tatweel, and what steers the direction of writing.
DROPPED = "\u064e\u0651\u0640\u0670\ufe77\u200f\u200e\u202b\u2066\ufeff"
UNKNOWN = {"<unk>", "[UNK]"}
GLYPHS = st.tuples(
    st.text(DROPPED, max_size=1),
    st.sampled_from([*ARABIC, *FORMS, *LIGATURES]),
    st.text(DROPPED, max_size=1),
)
# No letter twice: AraBERT's own preprocessing shortens runs.
WORDS = st.lists(
    GLYPHS, min_size=1, max_size=8, unique_by=lambda glyph: unicodedata.normalize("NFKC", glyph[1])
).map(lambda glyphs: "".join("".join(glyph) for glyph in glyphs))
EMOJI = ["😀", "🇲🇦", "👩\u200d💻", "☃\ufe0f"]
GAPS = [" ", "  ", " \u200f", "\u202c ", "\n", "\u00a0", "\u200b", "&nbsp;"]
AWKWARD = [
    *("\u200f", "\u200e", "\u202b", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u061c"),
    *("\u064b", "\u0651", "\u0640", "\ufe77", "\ufefb", "\ufdf2", "\ufdfa", "\u0670"),
    *("😀", "👩\u200d💻", "🇲🇦", "\ufe0f", "１٢۳", "ﬁ", "½", "…", "\u00a0", "\u2028", "\t", "\n"),
    *("</s>", "<s>", "<mask>", "<pad>", "<unk>", "[SEP]", "[CLS]", "[MASK]", "[PAD]", "[رابط]"),
    *("&#34;", "&quot;", "&amp;quot;", "&#x27;", "&nbsp;", "&lt;/s&gt;", "<\u200f/s>", "＜s＞"),
    *("http://example.org/a?b=ت", "a@b.ma", "@user", "<b>", "هههههه", "5كلم"),
]
texts = st.lists(
    st.one_of(
        st.sampled_from(AWKWARD),
        st.text(ARABIC, min_size=1, max_size=8),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    ),
    max_size=40,
).map(" ".join) | st.lists(st.sampled_from(AWKWARD), max_size=20).map("".join)


def load_light() -> Tokenizer:
    text = (ENCODER / "tokenizer.json").read_text(encoding="utf-8")
    return open_tokenizer(normalize_tokenizer(text, "light"), WINDOWING)


def load_arabert(source: str) -> Tokenizer:
    if source == "own":
        return open_tokenizer(normalize_tokenizer(write_wordpiece(), "arabert"), WINDOWING)
    if not ARABERT.exists():
        pytest.skip(f"needs {ARABERT}")
    text = ARABERT.read_text(encoding="utf-8")
    return open_tokenizer(normalize_tokenizer(text, "arabert"), WINDOWING)


@pytest.fixture(scope="module")
def light() -> Tokenizer:
    return load_light()


@pytest.fixture(scope="module", params=["own", "published"])
def arabert(request: pytest.FixtureRequest) -> Tokenizer:
    """AraBERT's profile: on a vocabulary of ours, and on AraBERT's where it is there."""
    return load_arabert(request.param)


@pytest.fixture(scope="module", params=["light", "own", "published"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return load_light() if request.param == "light" else load_arabert(request.param)


def normalized(tokenizer: Tokenizer, text: str) -> str:
    assert tokenizer.normalizer is not None
    return tokenizer.normalizer.normalize_str(text)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("مُحَمَّدٌ", "محمد"),
        ("مـــدينة", "مدينة"),
        ("قال &#34;نعم&#34;", 'قال "نعم"'),
        ("&quot;س&quot; &amp;quot;ص&amp;quot;", '"س" "ص"'),
        ("&#x27;ع&#X27; &#0039;", "'ع' '"),
        ("أ&nbsp;ب", "أ ب"),
        ("كلمة\u200bكلمة", "كلمة كلمة"),
        ("\u200fالعربية\u200e\u202c", "العربية"),
        ("\ufe77", ""),
        ("\ufefb", "لا"),
        ("عل\u00adى", "على"),
    ],
)
def test_light_profile(light: Tokenizer, raw: str, clean: str) -> None:
    assert normalized(light, raw) == clean


def test_every_name_of_html_4_and_its_number_is_unescaped(light: Tokenizer) -> None:
    for name, code in html.entities.name2codepoint.items():
        for reference in (f"&{name};", f"&#{code};", f"&#x{code:X};"):
            assert normalized(light, f"أ{reference}ب") == normalized(light, f"أ{chr(code)}ب")


@pytest.mark.parametrize("letter", ["أ", "إ", "آ", "ى", "ة", "ؤ", "ئ"])
def test_letters_are_not_folded(light: Tokenizer, arabert: Tokenizer, letter: str) -> None:
    assert normalized(light, letter) == normalized(arabert, letter) == letter


@pytest.mark.parametrize(
    ("raw", "tokens"),
    [
        ("قال a.b@c.ma الآن", ["قال", "[بريد]", "الآن"]),
        ("قال https://example.org/x?y=1 الآن", ["قال", "[رابط]", "الآن"]),
        ("قال @user اليوم", ["قال", "[مستخدم]", "اليوم"]),
        ("١٢٣", ["123"]),
        ("5كلم", ["5", "كلم"]),
        ("<b>خبر</b>", ["خبر"]),
        ("خبر ☃ جديد", ["خبر", "جديد"]),
    ],
)
def test_arabert_profile(arabert: Tokenizer, raw: str, tokens: list[str]) -> None:
    assert arabert.encode(raw, add_special_tokens=False).tokens == tokens


def test_arabert_shortens_runs_to_two(arabert: Tokenizer) -> None:
    assert normalized(arabert, "هههههه لاااا 1000") == "هه لاا 1000"


def assert_sound(tokenizer: Tokenizer, text: str) -> None:
    """Offsets inside the text, in order; special ids nowhere but at a window's ends."""
    special = {t for t, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    unknown = tokenizer.token_to_id("<unk>") or tokenizer.token_to_id("[UNK]")
    for window in cut_windows(tokenizer, [text])[0]:
        assert not special.difference({unknown}).intersection(window.ids[1:-1])
        last = 0
        for start, end in window.offsets[1:-1]:
            assert 0 <= start <= end <= len(text)
            assert start >= last or text[start:end] == "" or start == end or end >= last
            last = max(last, start)


@given(text=texts)
def test_light_offsets_and_special_ids(light: Tokenizer, text: str) -> None:
    assert_sound(light, text)


@given(text=texts)
def test_arabert_offsets_and_special_ids(arabert: Tokenizer, text: str) -> None:
    assert_sound(arabert, text)


@given(
    words=st.lists(WORDS | st.sampled_from(EMOJI), min_size=1, max_size=10),
    gap=st.sampled_from(GAPS),
)
def test_every_token_stands_at_its_own_letters(
    tokenizer: Tokenizer, words: list[str], gap: str
) -> None:
    text = gap.join(words)
    word_of: list[int | None] = []
    for number, word in enumerate(words):
        word_of += [number if normalized(tokenizer, c).strip() else None for c in word]
        word_of += [None] * len(gap)
    # Neither tokenizer looks beyond a word: its tokens are those of the word alone.
    alone = [
        (token, number)
        for number, word in enumerate(words)
        for token in tokenizer.encode(word, add_special_tokens=False).tokens
    ]
    placed = list(placed_tokens(tokenizer, text))
    assert [token for token, _ in placed] == [token for token, _ in alone]
    for (token, (start, end)), (_, number) in zip(placed, alone, strict=True):
        at = [i for i in range(start, end) if word_of[i] is not None]
        surface, standing = token.strip("▁#"), normalized(tokenizer, "".join(text[i] for i in at))
        # A token may be the space before its word, or a part of a ligature.
        assert at or not surface
        assert {word_of[i] for i in at} <= {number}
        if any(ligature in text[start:end] for ligature in LIGATURES):
            assert surface in standing or token in UNKNOWN
        else:
            assert surface in (standing, "") or token in UNKNOWN


def placed_tokens(tokenizer: Tokenizer, text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Tokens of all windows with their spans, without specials and what windows share."""
    encoding = tokenizer.encode(text)
    for number, part in enumerate([encoding, *encoding.overflowing]):
        tokens = list(zip(part.tokens, part.offsets, strict=True))[1:-1]
        yield from tokens[WINDOWING.overlap if number else 0 :]


def test_pieces_of_a_word_point_at_its_letters(light: Tokenizer) -> None:
    text = "\u200f😀 مُحَمَّد \ufe8e\ufedf 123"
    encoding = light.encode(text, add_special_tokens=False)
    pieces = {
        token.strip("▁"): text[start:end].strip()
        for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True)
    }
    assert pieces["محمد"] == "مُحَمَّد"
    assert "123" in pieces.values()
