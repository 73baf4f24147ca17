"""From a trained network to the model.onnx that is served."""

import logging
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer

from rasid.runtime import INPUTS, OUTPUT
from training.model import BagClassifier

_OPSET = 17


def export_onnx(
    model: BagClassifier, folder: Path, *, attention: str = "eager"
) -> tuple[Path, Path]:
    """Write the window classifier as fp32 and as int8 ONNX; returns both paths.

    Attention is exported in its eager form: onnxruntime's transformer optimiser fuses
    that into one node a layer, and leaves torch's fused attention as it is
    (benchmarks/attention.py has the difference in speed).
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw, fp32, int8 = (folder / f"{name}.onnx" for name in ("raw", "fp32", "int8"))
    _trace(model, raw, attention)
    _optimise(model, raw, fp32)
    _quantise(fp32, int8)
    return fp32, int8


def _trace(model: BagClassifier, file: Path, attention: str) -> None:
    windows = model.windows.eval()
    trained_with = windows.encoder.config._attn_implementation
    windows.encoder.set_attn_implementation(attention)
    # Two windows of unlike length, so that neither axis nor mask is traced as a constant.
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    axes = {name: {0: "windows", 1: "tokens"} for name in INPUTS} | {OUTPUT: {0: "windows"}}
    try:
        with warnings.catch_warnings():
            # The exporter by tracing is the one whose graphs the optimiser fuses wholly.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                windows,
                (mask.clone(), mask),
                str(file),
                input_names=list(INPUTS),
                output_names=[OUTPUT],
                dynamic_axes=axes,
                opset_version=_OPSET,
                dynamo=False,
            )
    finally:
        windows.encoder.set_attn_implementation(trained_with)


def _optimise(model: BagClassifier, source: Path, target: Path) -> None:
    config = model.windows.encoder.config
    # Attention and layer norms are fused; onnxruntime's own passes run when it is loaded.
    fused = optimizer.optimize_model(
        str(source),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
    )
    fused.save_model_to_file(str(target))


def _quantise(source: Path, target: Path) -> None:
    # reduce_range: 7-bit weights, because AVX2 without VNNI adds two products of 8 bits in
    # 16 and saturates. The default tensor type is needed for the optimiser's own nodes,
    # whose outputs carry no type that shape inference could find.
    logging.getLogger().addFilter(_no_preprocessing_hint)
    try:
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    finally:
        logging.getLogger().removeFilter(_no_preprocessing_hint)


def _no_preprocessing_hint(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()
