"""onnxruntime: the one module that imports it."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rasid.errors import EngineError
from rasid.scores import Floats

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "logits"
_CGROUPS = Path("/sys/fs/cgroup")


class Runtime:
    """A model.onnx ready to run on CPU: token ids of windows in, logits out.

    Every window runs on its own. int8 kernels take the scale of their activations from
    the whole input tensor, so a window's logits would otherwise depend on its
    neighbours and on padding; on CPUs one window already fills the cores.
    """

    def __init__(self, model: Path, *, threads: int, labels: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle threads that spin take the CPU from request handling.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise EngineError(f"{model}: onnxruntime cannot load it: {error}") from error
        inputs = {node.name for node in self._session.get_inputs()}
        outputs = {node.name: node.shape for node in self._session.get_outputs()}
        if inputs != set(INPUTS) or OUTPUT not in outputs or outputs[OUTPUT][-1] != labels:
            raise EngineError(
                f"{model}: expected inputs {INPUTS} and output {OUTPUT} with {labels} labels, "
                f"found {sorted(inputs)} and {outputs}"
            )

    def run(self, windows: Sequence[Sequence[int]]) -> Floats:
        """Logits of shape (windows, labels) for token ids of `windows`.

        Raises `EngineError` when inference fails or gives no finite number.
        """
        logits = np.concatenate([self._run_one(ids) for ids in windows]).astype(np.float64)
        if not np.isfinite(logits).all():
            raise EngineError("the model gave a logit that is not a finite number")
        return logits

    def _run_one(self, ids: Sequence[int]) -> NDArray[np.float32]:
        row = np.array([ids], dtype=np.int64)
        feeds = dict(zip(INPUTS, (row, np.ones_like(row)), strict=True))
        try:
            (logits,) = self._session.run([OUTPUT], feeds)
        except Exception as error:
            raise EngineError(f"inference failed: {error}") from error
        result: NDArray[np.float32] = logits
        return result


def cpu_quota() -> int:
    """Whole cores this process may use: affinity and cgroup quota (v1 and v2), at least 1."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = len(allowed) if allowed else os.cpu_count() or 1
    limits = _cgroup_limits(_CGROUPS, Path("/proc/self/cgroup"))
    return max(1, min([cores, *map(math.floor, limits)]))


def _cgroup_limits(mount: Path, membership: Path) -> Iterator[float]:
    # A limit may be set on any ancestor of the process's own group; inside a container
    # the group is the mount itself.
    for group in _own_groups(mount, membership):
        for folder in (group, *group.parents):
            yield from _limit_of(folder)
            if folder == mount:
                break


def _own_groups(mount: Path, membership: Path) -> Iterator[Path]:
    yield mount
    yield mount / "cpu"
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield mount / path.lstrip("/")
        elif "cpu" in controllers.split(","):
            yield mount / "cpu" / path.lstrip("/")


def _limit_of(folder: Path) -> Iterator[float]:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        elif (folder / "cpu.cfs_quota_us").exists():
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        else:
            return
    except (OSError, ValueError):
        return
    if quota not in ("max", "-1"):
        yield int(quota) / int(period)
