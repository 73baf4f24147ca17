"""Normalisation inside tokenizer.json: what it changes, and what offsets still say."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rasid.normalization import Profile, normalize_tokenizer
from rasid.windows import Windowing, cut_windows, open_tokenizer
from tests.tiny import ENCODER

SHARED = Path(os.environ.get("RASID_SHARED", "../shared"))
ARABERT = SHARED / "arabertv02-tokenizer" / "tokenizer.json"

ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
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


def load(source: Path, profile: Profile) -> Tokenizer:
    text = source.read_text(encoding="utf-8")
    return open_tokenizer(normalize_tokenizer(text, profile), Windowing(size=64, overlap=8))


@pytest.fixture(scope="module")
def light() -> Tokenizer:
    return load(ENCODER / "tokenizer.json", "light")


@pytest.fixture(scope="module")
def arabert() -> Tokenizer:
    if not ARABERT.exists():
        pytest.skip(f"needs {ARABERT}")
    return load(ARABERT, "arabert")


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
    words=st.lists(st.text(ARABIC, min_size=2, max_size=7), min_size=1, max_size=12),
    noise=st.sampled_from(["\u200f", "😀 ", "\ufe77", "َّ", "\u2066", "\ufeff", "&quot;", "\u200b"]),
)
def test_tokens_stand_where_their_word_does(light: Tokenizer, words: list[str], noise: str) -> None:
    text = noise.join(word + " " for word in words)
    found = cut_windows(light, [text])[0]
    covered = {i for window in found for start, end in window.offsets for i in range(start, end)}
    at = 0
    for word in words:
        at = text.index(word, at)
        assert covered.issuperset(range(at, at + len(word)))
        at += len(word)


def test_pieces_of_a_word_point_at_its_letters(light: Tokenizer) -> None:
    text = "\u200f😀 مُحَمَّد \ufe8e\ufedf 123"
    encoding = light.encode(text, add_special_tokens=False)
    pieces = {
        token.strip("▁"): text[start:end].strip()
        for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True)
    }
    assert pieces["محمد"] == "مُحَمَّد"
    assert "123" in pieces.values()
