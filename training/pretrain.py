"""Continue masked-language-model training of an encoder on plain articles.

python training/pretrain.py ARCHIVE… --out FOLDER [--encoder compact|folder|hub id]

Domain-adaptive pre-training (Gururangan et al. 2020, arXiv 2004.10964). Runs on several
processes through torchrun: `torchrun --nproc-per-node 2 training/pretrain.py …`.
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm
from transformers import PreTrainedModel, TrainingArguments, set_seed
from transformers.integrations.integration_utils import TensorBoardCallback

from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from training.archive import find_shards, read_archive
from training.encoders import Checkpoint, find_encoder
from training.hardware import has_bf16, keep_heap
from training.language_model import LanguageModelTrainer, load_language_model
from training.masking import MaskedWindows, Masking, split_windows
from training.packing import PackedTokens, frame_ids, pack, pack_key
from training.pretrain_options import PretrainOptions, parse_options
from training.workspace import default_cache, last_checkpoint

_HELD_OUT_WINDOWS = 200
_EVALUATIONS = 10


def main(options: PretrainOptions) -> Path:
    """Run every step in order and return the folder of the trained encoder."""
    keep_heap()
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    shards = find_shards(options.archive)
    checkpoint = find_encoder(options.encoder)
    folder = options.work or default_cache() / "pretrain" / options.out.name
    arguments = training_arguments(options, folder / "checkpoints")
    set_seed(options.seed)
    tokenizer = Tokenizer.from_str(
        normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile)
    )
    tokenizer.encode_special_tokens = True
    with arguments.main_process_first(desc="packing"):
        packed = pack_archive(shards, tokenizer, checkpoint, options, folder)
    model, new_head = load_language_model(checkpoint.folder)
    train, held_out = masked_windows(packed, tokenizer, options, arguments)
    writer = SummaryWriter(str(folder / "tensorboard"))
    step_tokens = options.window * options.batch * options.accumulate * arguments.world_size
    trainer = LanguageModelTrainer(
        rate=options.rate,
        head_steps=options.head_steps if new_head else 0,
        warmup=options.warmup,
        step_tokens=step_tokens,
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=held_out,
        callbacks=[TensorBoardCallback(writer)],  # type: ignore[no-untyped-call]
    )
    started = last_checkpoint(folder / "checkpoints") if options.resume else None
    trainer.train(resume_from_checkpoint=started)
    losses = [row for row in trainer.state.log_history if "eval_loss" in row or "loss" in row]
    losses.append(trainer.evaluate())
    if trainer.is_world_process_zero():
        save(model, checkpoint, options, packed, losses)
    return options.out


def pack_archive(
    shards: Sequence[Path],
    tokenizer: Tokenizer,
    checkpoint: Checkpoint,
    options: PretrainOptions,
    folder: Path,
) -> PackedTokens:
    """Tokenise the archive, or open what an earlier run tokenised in the same way."""
    files = [(str(shard.resolve()), shard.stat().st_size) for shard in shards]
    key = pack_key(files, tokenizer.to_str(), options.leave_out, options.bad_input)
    articles = read_archive(
        shards,
        bad_input=options.bad_input,
        report=lambda problem: tqdm.write(problem, file=sys.stderr),
        leave_out=frozenset(options.leave_out),
    )
    shown = tqdm(articles, desc=f"tokenising for {checkpoint.name}", unit=" articles")
    return pack(shown, tokenizer, folder.parent / f"packed-{key}")


def masked_windows(
    packed: PackedTokens,
    tokenizer: Tokenizer,
    options: PretrainOptions,
    arguments: TrainingArguments,
) -> tuple[MaskedWindows, MaskedWindows]:
    """Windows to train on, and a few held out to measure the loss on."""
    frame = frame_ids(tokenizer)
    mask_id = mask_token_id(tokenizer)
    special = {*frame, mask_id, *range(3)}
    ordinary = np.array([i for i in range(tokenizer.get_vocab_size()) if i not in special])
    masking = Masking(options.mask, mask_id, ordinary)
    places, apart = split_windows(
        packed.summary.tokens, options.window - len(frame), _HELD_OUT_WINDOWS
    )
    step = options.batch * options.accumulate * arguments.world_size
    items = max(1, round(options.passes * len(places) / step)) * step
    shared: dict[str, Any] = {"size": options.window, "frame": frame}
    return (
        MaskedWindows(packed, places, masking, items=items, seed=options.seed, **shared),
        MaskedWindows(packed, apart, masking, items=len(apart), seed=0, **shared),
    )


def mask_token_id(tokenizer: Tokenizer) -> int:
    """The id of the mask token; raises `SettingError` where the vocabulary has none."""
    for name in ("[MASK]", "<mask>"):
        found = tokenizer.token_to_id(name)
        if found is not None:
            return int(found)
    raise SettingError("--encoder: its vocabulary has no mask token")


def training_arguments(options: PretrainOptions, checkpoints: Path) -> TrainingArguments:
    """What the Trainer is told; order and masks are the dataset's own (`MaskedWindows`)."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    return TrainingArguments(
        output_dir=str(checkpoints),
        use_cpu=not torch.cuda.is_available(),
        # Under torchrun; alone there is no process group to set up.
        ddp_backend="gloo" if processes > 1 and not torch.cuda.is_available() else None,
        bf16=has_bf16(),
        seed=options.seed,
        num_train_epochs=1,
        per_device_train_batch_size=options.batch,
        per_device_eval_batch_size=options.batch,
        gradient_accumulation_steps=options.accumulate,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        label_names=["labels"],
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=1 / _EVALUATIONS,
        save_strategy="steps",
        save_steps=options.checkpoint_steps,
        save_total_limit=2,
        # A logged loss is a mean since the last log: none may reach over a checkpoint.
        logging_steps=math.gcd(10, options.checkpoint_steps),
        logging_first_step=True,
        report_to="none",
        dataloader_pin_memory=False,
    )


def save(
    model: PreTrainedModel,
    checkpoint: Checkpoint,
    options: PretrainOptions,
    packed: PackedTokens,
    losses: list[dict[str, Any]],
) -> None:
    """Write the encoder with its head, tokenizer and history, and move it into place."""
    staging = options.out.with_name(f".{options.out.name}.staging")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    model.to(dtype=torch.float16 if options.half else torch.float32)  # type: ignore[call-arg]
    model.save_pretrained(staging)
    (staging / "tokenizer.json").write_text(checkpoint.tokenizer_json, "utf-8")
    other = checkpoint.folder / "tokenizer_config.json"
    if other.is_file():
        shutil.copyfile(other, staging / other.name)
    told = {name: value for name, value in asdict(options).items() if name != "archive"}
    history = {
        "encoder": checkpoint.name,
        "archive": asdict(packed.summary),
        "options": {name: str(value) for name, value in told.items()},
        "losses": losses,
    }
    (staging / "pretraining.json").write_text(json.dumps(history, indent=1), "utf-8")
    staging.replace(options.out)
    print(f"wrote {options.out}\nfine-tune it with: make train ENCODER={options.out}")


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was written; go on with --resume")
