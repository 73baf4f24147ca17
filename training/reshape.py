"""Make a faster encoder of a given one: fewer layers, a denser vocabulary.

python training/reshape.py --encoder compact --out FOLDER [--layers 9]
    [--vocabulary 24000 --archive FILE…]

What comes out has to learn from plain articles (align.py, pretrain.py) before it is fine-tuned.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast, get_args

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from tqdm import tqdm
from transformers import PreTrainedModel

from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from rasid.reading import read_article
from training.archive import BadInput, find_shards, read_archive
from training.encoders import Checkpoint, find_encoder
from training.folders import special_tokens, write_folder
from training.model import encoder_layers, load_encoder
from training.options import ENVIRONMENT_NOTE, natural, parse_with_environment

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROLES = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
_CONTINUES = "##"
# What stands before a piece that continues a word, for the old tokenizer: no piece of it joins
# two scripts, so that this letter takes nothing of the Arabic that follows. The letter does join
# with Latin ones; of those there are few.
_OTHER_SCRIPT = "я"
_MIN_FREQUENCY = 5
_ALPHABET = 600


@dataclass(frozen=True)
class ReshapeOptions:
    """Everything `reshape.py` is told."""

    encoder: str
    out: Path
    layers: int
    vocabulary: int
    archive: tuple[Path, ...]
    articles: int
    leave_out: tuple[str, ...]
    bad_input: BadInput


def main(options: ReshapeOptions) -> Path:
    """Run every step in order and return the folder of the reshaped encoder."""
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    checkpoint = find_encoder(options.encoder)
    encoder = load_encoder(checkpoint.folder)
    if options.layers:
        keep_layers(encoder, options.layers)
    tokenizer_json = checkpoint.tokenizer_json
    if options.vocabulary:
        texts = read_texts(options)
        tokenizer = train_vocabulary(texts, options.vocabulary)
        replace_vocabulary(encoder, Tokenizer.from_str(tokenizer_json), tokenizer)
        tokenizer_json = tokenizer.to_str()
    history = {
        "encoder": checkpoint.name,
        "layers": encoder.config.num_hidden_layers,
        "vocabulary": encoder.config.vocab_size,
    }
    save_encoder(encoder, checkpoint, options.out, history, "reshaping.json", tokenizer_json)
    print(f"wrote {options.out}; teach it with training/align.py --encoder {options.out}")
    return options.out


def keep_layers(encoder: PreTrainedModel, count: int) -> None:
    """Leave `count` layers at even distances, the lowest and the highest among them.

    Raises `SettingError` where the encoder has fewer.
    """
    layers = encoder_layers(encoder)
    if not 1 < count <= len(layers):
        raise SettingError(f"--layers: {count} is not between 2 and {len(layers)}")
    kept = np.linspace(0, len(layers) - 1, count).round().astype(int)
    chosen = [layers[int(place)] for place in kept]
    del layers[:]
    layers.extend(chosen)
    encoder.config.num_hidden_layers = count


def read_texts(options: ReshapeOptions) -> Iterator[str]:
    """What is read of the first articles of the archive."""
    found = read_archive(
        find_shards(options.archive),
        bad_input=options.bad_input,
        report=lambda problem: tqdm.write(problem, file=sys.stderr),
        leave_out=frozenset(options.leave_out),
    )
    for article in tqdm(islice(found, options.articles), total=options.articles, desc="words"):
        yield read_article(article.article).text


def train_vocabulary(texts: Iterator[str], size: int) -> Tokenizer:
    """A WordPiece tokenizer of `size` pieces for normalised text; Latin letters lower-cased.

    Trained behind the `light` normalisation and returned without it: that is put into
    the artifact's tokenizer.json, as for every encoder.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    light = Tokenizer.from_str(normalize_tokenizer(tokenizer.to_str(), "light"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=_MIN_FREQUENCY,
        limit_alphabet=_ALPHABET,
        special_tokens=list(_SPECIAL),
        continuing_subword_prefix=_CONTINUES,
    )
    light.train_from_iterator(texts, trainer)
    tokenizer.model = models.WordPiece(light.get_vocab(), unk_token="[UNK]")
    tokenizer.add_special_tokens(list(_SPECIAL))
    first, last = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", first), ("[SEP]", last)],
    )
    return tokenizer


def replace_vocabulary(encoder: PreTrainedModel, old: Tokenizer, new: Tokenizer) -> None:
    """Give `encoder` embeddings for the pieces of `new`, made of those of `old`.

    A piece that both have keeps its vector; any other becomes the mean of the vectors of the
    old pieces that spell it, at their mean length (after WECHSEL, Minixhofer et al. 2022,
    arXiv 2112.06598, and FOCUS, Dobler & de Melo 2023, arXiv 2305.14481, which weigh by
    similarity what is the spelling here).
    """
    vectors = cast(nn.Embedding, encoder.get_input_embeddings()).weight.detach()
    pieces = sorted(new.get_vocab().items(), key=lambda item: item[1])
    specials = dict(zip(_SPECIAL, _special_ids(old), strict=True))
    rows = []
    for piece, _ in pieces:
        spelled = [specials[piece]] if piece in specials else _spell(piece, old)
        rows.append(_blend(vectors[spelled]))
    embeddings = nn.Embedding(len(rows), vectors.shape[1], padding_idx=new.token_to_id("[PAD]"))
    embeddings.weight = nn.Parameter(torch.stack(rows))
    encoder.set_input_embeddings(embeddings)
    encoder.config.vocab_size = len(rows)
    encoder.config.pad_token_id = new.token_to_id("[PAD]")
    encoder.config.bos_token_id = encoder.config.eos_token_id = None


def _special_ids(old: Tokenizer) -> list[int]:
    """Ids of padding, unknown, first, last and mask token of `old`, as `_SPECIAL` has them."""
    found = special_tokens(old)
    missing = [role for role in _ROLES if role not in found]
    if missing:
        raise SettingError(f"--encoder: its vocabulary has no {', '.join(missing)}")
    ids = old.get_vocab()
    return [ids[found[role]] for role in _ROLES]


def _spell(piece: str, old: Tokenizer) -> list[int]:
    """Ids of the pieces of `old` that spell `piece`, within a word or at its beginning."""
    inside = piece.startswith(_CONTINUES)
    text = piece.removeprefix(_CONTINUES)
    encoded = old.encode(_OTHER_SCRIPT + text if inside else text, add_special_tokens=False)
    spans = zip(encoded.ids, encoded.offsets, strict=True)
    ids = [i for i, (_, end) in spans if end > len(_OTHER_SCRIPT) or not inside]
    return ids or [_special_ids(old)[1]]


def _blend(vectors: Tensor) -> Tensor:
    mean = vectors.mean(0)
    length = vectors.norm(dim=1).mean()
    blended: Tensor = mean * (length / mean.norm().clamp_min(1e-6))
    return blended


def save_encoder(
    encoder: PreTrainedModel,
    checkpoint: Checkpoint,
    out: Path,
    history: dict[str, Any],
    name: str,
    tokenizer_json: str | None = None,
) -> None:
    """Write a plain Hugging Face folder with its history, and move it into place when whole.

    The tokenizer is that of `checkpoint`, or the one given.
    """
    staging = out.with_name(f".{out.name}.staging")
    shutil.rmtree(staging, ignore_errors=True)
    write_folder(encoder, checkpoint, staging, tokenizer_json=tokenizer_json)
    (staging / name).write_text(json.dumps(history, indent=1), "utf-8")
    staging.replace(out)


def parse_options(arguments: Sequence[str] | None = None) -> ReshapeOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="reshape.py",
        description="Give an encoder fewer layers, or a vocabulary of its own for the archive.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--encoder", default="compact", help="compact, swift, a folder, or a model hub id")
    add("--out", type=Path, required=True, help="folder to write the encoder into")
    add("--layers", type=natural, default=0, help="layers to keep; 0 keeps all")
    add("--vocabulary", type=natural, default=0, help="pieces of a new vocabulary; 0 keeps it")
    add("--archive", nargs="+", type=Path, default=[], help="articles to take the vocabulary from")
    add("--articles", type=natural, default=50_000, help="of them, how many are read")
    add("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources to leave out")
    add("--bad-input", choices=get_args(BadInput), default="refuse", help="what to do with it")
    given = vars(parse_with_environment(parser, arguments))
    if given["vocabulary"] and not given["archive"]:
        parser.error("argument --vocabulary: needs --archive")
    several = {name: tuple(given[name]) for name in ("archive", "leave_out")}
    return ReshapeOptions(**given | several)


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
