"""Tensors of the Open Inference Protocol: texts in, scores out."""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from rasid.answer import Answer
from rasid.article import Article
from serving.compat.shapes import Foreign
from serving.errors import InvalidTensor

Datatype = Literal["BYTES", "FP32", "BOOL"]
# A pattern also keeps out what could not be written into an answer: lone surrogates.
Name = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]
# One dimension, or rows of one.
Shape = Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(min_length=1, max_length=2)]


class TensorMetadata(Foreign):
    """A tensor of the model; -1 stands for the number of articles."""

    name: str
    datatype: Datatype
    shape: list[int]


class InputTensor(Foreign):
    """An input: strings in row-major order, nested or not, or binary data after the JSON."""

    name: Name
    shape: Shape
    datatype: Name
    parameters: Annotated[dict[str, Any], Field(default_factory=dict)]
    data: list[Any] | None = None


class OutputTensor(Foreign):
    """An output in row-major order."""

    name: str
    datatype: Datatype
    shape: list[int]
    data: list[str] | list[bool] | list[float]


TEXT = TensorMetadata(name="text", datatype="BYTES", shape=[-1])
TITLE = TensorMetadata(name="title", datatype="BYTES", shape=[-1])


def output_metadata(labels: Sequence[str]) -> list[TensorMetadata]:
    """The outputs of a model with `labels`."""
    return [
        TensorMetadata(name="scores", datatype="FP32", shape=[-1, len(labels)]),
        TensorMetadata(name="assigned", datatype="BOOL", shape=[-1, len(labels)]),
        TensorMetadata(name="labels", datatype="BYTES", shape=[len(labels)]),
    ]


def read_articles(inputs: Sequence[InputTensor], binary: bytes) -> list[Article]:
    """The articles in `inputs`, whose binary data stands in `binary` one after the other.

    An only input is the text, whatever its name. Raises `InvalidTensor`.
    """
    columns: dict[str, list[str]] = {}
    for tensor in inputs:
        size = tensor.parameters.get("binary_data_size", 0)
        if not isinstance(size, int) or not 0 <= size <= len(binary):
            raise InvalidTensor(f"{tensor.name}: binary_data_size is not what the body holds")
        name = TEXT.name if len(inputs) == 1 else tensor.name
        if name in columns:
            raise InvalidTensor(f"{tensor.name}: is there twice")
        columns[name] = _strings(tensor, binary[:size])
        binary = binary[size:]
    texts = columns.pop(TEXT.name, None)
    if texts is None:
        raise InvalidTensor("text: is missing")
    titles = columns.pop(TITLE.name, None)
    for name in columns:
        raise InvalidTensor(f"{name}: is no input of the model; it has text and title")
    if titles is None:
        return [Article(text) for text in texts]
    if len(titles) != len(texts):
        raise InvalidTensor(f"title: has {len(titles)} elements, text {len(texts)}")
    return [Article(text, title) for text, title in zip(texts, titles, strict=True)]


def write_outputs(
    answers: Sequence[Answer], labels: Sequence[str], wanted: Sequence[str] | None
) -> list[OutputTensor]:
    """The outputs named in `wanted`, or all, for `answers`: a row for each, a column a label.

    Raises `InvalidTensor` for a name that no output has.
    """
    rows = [{topic.label: topic for topic in answer.topics} for answer in answers]
    cells = [row[label] for row in rows for label in labels]
    shape = [len(answers), len(labels)]
    outputs: dict[str, list[int]] = {"scores": shape, "assigned": shape, "labels": [len(labels)]}
    for name in wanted or ():
        if name not in outputs:
            raise InvalidTensor(f"{name}: is no output of the model; it has {', '.join(outputs)}")
    data: dict[str, tuple[Datatype, Any]] = {
        "scores": ("FP32", [topic.score for topic in cells]),
        "assigned": ("BOOL", [topic.decision == "assigned" for topic in cells]),
        "labels": ("BYTES", list(labels)),
    }
    return [
        OutputTensor(name=name, datatype=data[name][0], shape=outputs[name], data=data[name][1])
        for name in wanted or outputs
    ]


def _strings(tensor: InputTensor, binary: bytes) -> list[str]:
    if tensor.datatype != "BYTES":
        raise InvalidTensor(f"{tensor.name}: its datatype is {tensor.datatype}, not BYTES")
    if tensor.data is None:
        strings = list(_decoded(tensor.name, binary))
    else:
        strings = list(_flattened(tensor.name, tensor.data))
    if math.prod(tensor.shape) != len(strings):
        raise InvalidTensor(f"{tensor.name}: its shape is not that of {len(strings)} elements")
    return strings


def _flattened(name: str, data: Sequence[Any]) -> Iterator[str]:
    for row in data:
        # Rows of more than one dimension may be lists of their own.
        for element in row if isinstance(row, list) else [row]:
            if not isinstance(element, str):
                raise InvalidTensor(f"{name}: has an element that is no string")
            yield element


def _decoded(name: str, binary: bytes) -> Iterator[str]:
    """Strings of the binary data extension: each after its length in 4 bytes, little-endian."""
    at = 0
    while at < len(binary):
        try:
            (length,) = struct.unpack_from("<I", binary, at)
            (raw,) = struct.unpack_from(f"<{length}s", binary, at + 4)
            yield raw.decode("utf-8")
        except struct.error:
            raise InvalidTensor(f"{name}: its binary data is cut off at byte {at}") from None
        except UnicodeDecodeError:
            raise InvalidTensor(f"{name}: the string at byte {at} is not UTF-8") from None
        at += 4 + length
