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
from training.encoders import Checkpoint, check_fits, find_encoder
from training.folders import special_tokens, write_folder
from training.hardware import has_bf16, keep_heap
from training.language_model import LanguageModelTrainer, load_language_model
from training.masking import MaskedWindows, Masking, split_windows
from training.packing import PackedTokens, frame_ids, pack
from training.pretrain_options import PretrainOptions, parse_options
from training.resuming import file_sizes, open_run, run_key
from training.workspace import default_cache, last_checkpoint

_HELD_OUT_WINDOWS = 200
_EVALUATIONS = 10
# What the weights do not depend on; the archive and the encoder count by what is in them.
_NOT_DECISIVE = ("archive", "encoder", "out", "half", "work", "resume")


def main(options: PretrainOptions) -> Path:
    """Run every step in order and return the folder of the trained encoder."""
    keep_heap()
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    shards = find_shards(options.archive)
    checkpoint = find_encoder(options.encoder)
    check_fits(checkpoint, window=options.window)
    folder = run_folder(options, shards, checkpoint)
    arguments = training_arguments(options, folder / "checkpoints")
    set_seed(options.seed)
    tokenizer = Tokenizer.from_str(
        normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile)
    )
    tokenizer.encode_special_tokens = True
    with arguments.main_process_first(desc="packing"):
        if arguments.local_process_index == 0:
            open_run(folder, resume=options.resume)
        packed = pack_archive(shards, tokenizer, checkpoint, options, folder)
    model, new_head = load_language_model(checkpoint.folder)
    train, held_out = masked_windows(packed, tokenizer, options, arguments)
    step = options.batch * options.accumulate * arguments.world_size
    writer = SummaryWriter(str(folder / "tensorboard"))
    trainer = LanguageModelTrainer(
        rate=options.rate,
        head_steps=steps_for_head(options, len(train) // step, new_head=new_head),
        warmup=options.warmup,
        step_tokens=step * options.window,
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


def run_folder(options: PretrainOptions, shards: Sequence[Path], checkpoint: Checkpoint) -> Path:
    """The folder of this run, named after everything that decides on the weights."""
    told = {name: value for name, value in asdict(options).items() if name not in _NOT_DECISIVE}
    key = run_key(file_sizes(shards), checkpoint.content_hash(), sorted(told.items()), processes())
    base = options.work or default_cache() / "pretrain"
    return base / f"{options.out.name}-{key}"


def steps_for_head(options: PretrainOptions, steps: int, *, new_head: bool) -> int:
    """Steps of all `steps` that a new head learns alone.

    Raises `SettingError` where none is left for the encoder, whose rate is 0 in the next one too.
    """
    alone = options.head_steps if new_head else 0
    if steps <= alone + 1:
        raise SettingError(
            f"--passes: {steps} steps in all, in which the encoder would not learn: a new head "
            f"takes {alone} (--head-steps) and the rate rises from 0"
        )
    return alone


def pack_archive(
    shards: Sequence[Path],
    tokenizer: Tokenizer,
    checkpoint: Checkpoint,
    options: PretrainOptions,
    folder: Path,
) -> PackedTokens:
    """Tokenise the archive, or open what an earlier run tokenised in the same way."""
    key = run_key(file_sizes(shards), tokenizer.to_str(), options.leave_out, options.bad_input)
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
        packed.ids, frame[1], options.window - len(frame), _HELD_OUT_WINDOWS
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
    found = tokenizer.token_to_id(special_tokens(tokenizer).get("mask_token", ""))
    if found is None:
        raise SettingError("--encoder: its vocabulary has no mask token")
    return found


def processes() -> int:
    """How many processes torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def training_arguments(options: PretrainOptions, checkpoints: Path) -> TrainingArguments:
    """What the Trainer is told; order and masks are the dataset's own (`MaskedWindows`)."""
    return TrainingArguments(
        output_dir=str(checkpoints),
        use_cpu=not torch.cuda.is_available(),
        # Under torchrun; alone there is no process group to set up.
        ddp_backend="gloo" if processes() > 1 and not torch.cuda.is_available() else None,
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
    write_folder(model, checkpoint, staging)
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
