"""The exported graph: every layer's attention is one node, in both precisions."""

from collections import Counter
from pathlib import Path

import onnx
import torch

from tests.tiny import write_encoder
from training.export import export_onnx
from training.model import BagClassifier, load_encoder


def test_the_attention_of_all_layers_is_fused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = load_encoder(write_encoder(tmp_path / "encoder", layers=5))
    fp32, int8 = export_onnx(BagClassifier(encoder, 3).eval(), tmp_path / "onnx")
    for file, name in ((fp32, "Attention"), (int8, "QAttention")):
        nodes = Counter(node.op_type for node in onnx.load(file).graph.node)
        assert nodes[name] == 5
        # What attention consists of where it is not fused.
        assert nodes["Softmax"] == 0
