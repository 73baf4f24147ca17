"""A tokenizer.json of AraBERT's kind: WordPiece with its placeholders, and few words."""

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from rasid.normalization import PLACEHOLDERS

_CONTROL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"
_LATIN = "abcdefghijklmnopqrstuvwxyz0123456789"
_PUNCTUATION = "[]<>/&;#.,:!?@-_\"'«»،؛؟…"
_PIECES = (
    "قال",
    "الآن",
    "اليوم",
    "خبر",
    "جديد",
    "كلم",
    "123",
    "ال",
    "##ات",
    "##ون",
    "##ين",
    "##لم",
)


def write_wordpiece() -> str:
    """The tokenizer.json as its checkpoint would have it: placeholders are special tokens."""
    single = [*_LETTERS, *_LATIN, *_LATIN.upper()]
    tokens = [*_CONTROL, *PLACEHOLDERS, *_PUNCTUATION, *single, *(f"##{c}" for c in single)]
    vocabulary = {token: number for number, token in enumerate([*tokens, *_PIECES])}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False) for token in _CONTROL]
        + [AddedToken(token, single_word=True, normalized=True) for token in PLACEHOLDERS]
    )
    return tokenizer.to_str()
