"""A tiny random BERT and a few generated articles: the whole path in seconds."""

import json
import random
import shutil
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

ROOT = Path(__file__).resolve().parent.parent
ENCODER = ROOT / "models" / "encoder"

# Words that give a generated article its label, and words that say nothing.
VOCABULARY = {
    "cybersecurity": "اختراق برمجية قراصنة خوادم فدية ثغرة تصيد",
    "migration": "مهاجرون قوارب لجوء سواحل عبور مخيم نازحون",
    "drug_trafficking": "مخدرات كوكايين حشيش مهربين شحنة أقراص قنب",
}
FILLER = [
    *("في", "المدينة", "أمس", "قال", "المسؤول", "إن", "اليوم", "خلال"),
    *("الأسبوع", "مع", "من", "على", "هذا", "جديد", "كبير", "بعد"),
]


def write_encoder(folder: Path, *, seed: int = 0, layers: int = 2) -> Path:
    """A BERT of `layers` × 32 with random weights and the compact encoder's vocabulary."""
    torch.manual_seed(seed)
    vocabulary = json.loads((ENCODER / "config.json").read_text())["vocab_size"]
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
        pad_token_id=1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(ENCODER / name, folder / name)
    return folder


def write_articles(file: Path, *, count: int = 60, seed: int = 0) -> Path:
    """Generated articles as JSONL, with folds; every fourth one has no label."""
    chance = random.Random(seed)
    labels = list(VOCABULARY)
    rows = []
    for number in range(count):
        chosen = [] if number % 4 == 0 else chance.sample(labels, k=1 + number % 2)
        sentences = [_sentence(chance, FILLER) for _ in range(chance.randint(1, 12))]
        for label in chosen:
            sentences.append(_sentence(chance, FILLER[:4] + VOCABULARY[label].split()))
        chance.shuffle(sentences)
        row = {"id": f"made-{number}", "text": " ".join(sentences), "labels": chosen}
        rows.append({**row, "fold": number % 5})
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return file


def _sentence(chance: random.Random, words: list[str]) -> str:
    return " ".join(chance.choices(words, k=9)) + "."
