"""Text normalisation, built into the exported tokenizer.json.

Every step is a component of the `tokenizers` library, so that training and serving
run the same Rust code and every token's offsets point into the caller's own text.
A profile names the steps for one kind of encoder; the manifest records it.

Order: HTML entities, NFKC, marks and invisible characters, then the checkpoint's own
normaliser. NFKC comes before the marks because presentation forms such as U+FE77
only become tatweel and fatha through it.
"""

import html.entities
import json
import re
from typing import Any, Literal, get_args

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

Profile = Literal["light", "arabert"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

_NAMES = {code: name for name, code in html.entities.name2codepoint.items()} | {0x27: "apos"}
# Numeric character references are enumerated, since a replacement cannot be computed:
# ASCII that is no letter or digit, Latin-1, Arabic letters, marks and digits, the
# punctuation of typeset text, and whatever has a name in HTML 4.
_REFERENCED = (
    *(0x9, 0xA, 0xD, *(code for code in range(0x20, 0x7F) if not chr(code).isalnum())),
    *range(0xA0, 0x100),
    *(0x60C, 0x61B, 0x61F, *range(0x621, 0x63B), *range(0x640, 0x653), *range(0x660, 0x66A)),
    *(*range(0x200B, 0x202A), *_NAMES),
)
_AMPERSAND = ord("&")

_TASHKEEL = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
_TATWEEL = "\u0640"
_BIDI_AND_JOINERS = "\u061c\u200c-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_SOFT_HYPHEN = "\u00ad"
_BREAKING_ZERO_WIDTH = "\u200b"

# AraBERT's vocabulary has these three as single entries.
_LINK, _MAIL, _USER = "[رابط]", "[بريد]", "[مستخدم]"
PLACEHOLDERS = (_LINK, _MAIL, _USER)


def normalize_tokenizer(tokenizer_json: str, profile: Profile) -> str:
    """Return `tokenizer_json` with the steps of `profile` put before its own normaliser.

    The text of control tokens (`</s>`, `[SEP]`…) is broken up after normalisation: a
    Unigram vocabulary holds them as ordinary pieces and would give an article that
    quotes them special ids. AraBERT's placeholders are re-declared as plain tokens, as
    our own steps write them. Truncation and padding of the checkpoint are dropped.
    """
    tokenizer = Tokenizer.from_str(_with_plain_placeholders(tokenizer_json))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    control = [
        token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special
    ]
    own = [tokenizer.normalizer] if tokenizer.normalizer else []
    tokenizer.normalizer = normalizers.Sequence([*_steps(profile), *own, *_break_up(control)])
    if profile == "arabert" and tokenizer.pre_tokenizer:
        digits = pre_tokenizers.Split(Regex("[0-9]+"), behavior="isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, tokenizer.pre_tokenizer])
    return tokenizer.to_str()


def _with_plain_placeholders(tokenizer_json: str) -> str:
    description: dict[str, Any] = json.loads(tokenizer_json)
    for token in description["added_tokens"]:
        if token["content"] in PLACEHOLDERS:
            token["special"] = False
    return json.dumps(description, ensure_ascii=False)


def _steps(profile: Profile) -> list[normalizers.Normalizer]:
    steps = [*_unescape(), *(_drop_tags() if profile == "arabert" else [])]
    steps += [
        normalizers.NFKC(),
        _replace(_BREAKING_ZERO_WIDTH, " "),
        _replace(f"[{_TASHKEEL}{_TATWEEL}{_BIDI_AND_JOINERS}{_SOFT_HYPHEN}]", ""),
    ]
    if profile == "arabert":
        steps += _arabert()
    return steps


def _unescape() -> list[normalizers.Normalizer]:
    # The ampersand first: much of the press is escaped twice (`&amp;quot;`).
    codes = dict.fromkeys([_AMPERSAND, *_REFERENCED])
    return [
        _replace(
            f"&(?:{_NAMES[code]}|#0*{code}|#[xX]0*(?i:{code:x}));"
            if code in _NAMES
            else f"&#(?:0*{code}|[xX]0*(?i:{code:x}));",
            chr(code),
        )
        for code in codes
    ]


def _drop_tags() -> list[normalizers.Normalizer]:
    # AraBERT drops `<[^>]+>`; a tag starts with a letter here, so that 'a < b' is no tag.
    return [_replace(r"</?[a-zA-Z][^<>]{0,300}>", " ")]


def _arabert() -> list[normalizers.Normalizer]:
    """AraBERT v0.2's own preprocessing (https://github.com/aub-mind/arabert).

    E-mail addresses come before links here, whose pattern would take their domain.
    Punctuation needs no spacing: BertPreTokenizer splits at it, and the pre-tokenizer
    added in `normalize_tokenizer` splits between digits and letters.
    """
    label, path = "[a-zA-Z0-9_-]{1,63}", r"(?:/[^\s<>\"'«»،]*)?"
    digits = [_replace(chr(0x660 + n), str(n)) for n in range(10)]
    digits += [_replace(chr(0x6F0 + n), str(n)) for n in range(10)]
    kept = (
        r"0-9\u0621-\u063A\u0641-\u064A\u066A-\u066C\u0671-\u0674a-zA-Z"
        r"\[\]!\"#$%'()*+,.:;\-<=·>?@\\^_`{|}~—’،؟“؛”ۚ»«–…‘"
    )
    return [
        _replace(rf"[\w.+-]{{1,64}}@{label}(?:\.{label}){{1,8}}", f" {_MAIL} "),
        _replace(r"(?:https?://|www\.)[^\s<>\"'«»،]+", f" {_LINK} "),
        _replace(rf"\b{label}(?:\.{label}){{0,8}}\.[a-z]{{2,6}}\b{path}", f" {_LINK} "),
        _replace(r"@\w+", f" {_USER} "),
        *digits,
        # Two of a repeated character stay: \K drops what was matched before it.
        _replace(r"(\D)\1\K\1+", ""),
        _replace(rf"[^{kept}\s]", " "),
    ]


def _break_up(control: list[str]) -> list[normalizers.Normalizer]:
    heads = sorted({token[0] for token in control})
    return [
        _replace(
            f"{re.escape(head)}(?={'|'.join(re.escape(t[1:]) for t in control if t[0] == head)})",
            f"{head} ",
        )
        for head in heads
    ]


def _replace(pattern: str, content: str) -> normalizers.Normalizer:
    return normalizers.Replace(Regex(pattern), content)
