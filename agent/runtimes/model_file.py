"""Check that a model file is complete in itself, before a runtime loads it.

Only the file is covered by the manifest's checksum. An ONNX model may name other files with its weights, which
onnxruntime reads relative to the working folder, and both formats may name custom operators, which are code. Neither
onnx nor TensorFlow is installed on a board, so the few fields that matter are read here: protobuf (`onnx.proto` of
https://github.com/onnx/onnx) and FlatBuffers (`schema.fbs` of https://github.com/google-ai-edge/LiteRT).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Literal

from profiles.errors import ArtifactError
from profiles.manifest import Format

_CONVERT = "convert it again with 'digit-convert'"
Needs = Literal["file", "operators", ""]
"""What a model needs besides its file and the operators of its format; empty if nothing."""
MAX_DEPTH = 32
"""An ONNX file is refused if its messages are nested as deep as this."""
MAX_FIELDS = 200_000
"""An ONNX file is refused if it has this many fields, to bound the time; the shipped files have up to 1,100."""
DOMAINS = (b"", b"ai.onnx")
"""Domains of ONNX's own operators; the exporters use no others."""
MESSAGES: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor"},
    "tensor": {},
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "opset": {},
}
"""Fields of each ONNX message that hold messages in which a file or an operator may be named."""
DOMAIN_FIELDS = {"opset": 1, "node": 7}
EXTERNAL_DATA, DATA_LOCATION = 13, 14
"""Fields of an ONNX tensor: where its data is, and whether that is in another file (1) or not (0)."""
CUSTOM = 32
"""Code of a custom operator in TFLite."""
OPERATOR_CODES, EXTERNAL_BUFFER_GROUPS, EXTERNAL_BUFFERS = 6, 20, 22
"""Places of the fields of a TFLite model in its table."""
OLD_CODE, CUSTOM_NAME, CODE = 4, 6, 10
"""Places of the fields of an operator code in its table."""


def require_complete(content: bytes, form: Format, file: str) -> None:
    """Check that a model needs no other file and no custom operator.

    Args:
        content: content of the model file.
        form: its format.
        file: its name, for messages.

    Raises:
        ArtifactError: it does, or its format is damaged.
    """
    try:
        needs = _onnx_needs(content) if form == "onnx" else _tflite_needs(content)
    except (ValueError, struct.error) as error:
        raise ArtifactError(f"{file} is damaged, and no model", advice=_CONVERT) from error
    if needs == "file":
        raise ArtifactError(f"{file} needs another file with its weights", advice=_CONVERT)
    if needs == "operators":
        raise ArtifactError(f"{file} has operators that are not its format's own", advice=_CONVERT)


def _onnx_needs(content: bytes) -> Needs:
    waiting = [("model", memoryview(content), 0)]
    fields = 0
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        for number, value in _fields(message):
            fields += 1
            if fields > MAX_FIELDS:
                raise ValueError("too many fields")
            if kind == "tensor" and (number == EXTERNAL_DATA or (number == DATA_LOCATION and value != 0)):
                return "file"
            if number == DOMAIN_FIELDS.get(kind) and _as_bytes(value) not in DOMAINS:
                return "operators"
            if inner := MESSAGES[kind].get(number):
                waiting.append((inner, memoryview(_as_bytes(value)), depth + 1))
    return ""


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the value of each field of a protobuf message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: int | memoryview
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
            case 1 | 5 as fixed:
                size = 8 if fixed == 1 else 4
                value, at = message[at : at + size], at + size
            case 2:
                size, at = _varint(message, at)
                value, at = message[at : at + size], at + size
            case _:
                raise ValueError("a group, or no field")
        if at > len(message) or not 0 < tag < 2**32:
            raise ValueError("cut off")
        yield tag >> 3, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return an integer of protobuf, and the place after it."""
    value = 0
    for place in range(10):
        if at + place >= len(message):
            raise ValueError("cut off")
        value |= (message[at + place] & 0x7F) << (7 * place)
        if message[at + place] < 0x80:
            return value, at + place + 1
    raise ValueError("too long an integer")


def _as_bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("an integer in place of a message")  # noqa: TRY004 - not a type of Python
    return value


def _tflite_needs(content: bytes) -> Needs:
    model = _u32(content, 0)
    if any(_vector(content, model, place) for place in (EXTERNAL_BUFFER_GROUPS, EXTERNAL_BUFFERS)):
        return "file"
    for code in _vector(content, model, OPERATOR_CODES):
        old, new = _field(content, code, OLD_CODE), _field(content, code, CODE)
        codes = struct.unpack_from("b", content, old)[0] if old else 0, _u32(content, new) if new else 0
        if CUSTOM in codes or _field(content, code, CUSTOM_NAME):
            return "operators"
    return ""


def _field(content: bytes, table: int, place: int) -> int:
    """Return where a field of a FlatBuffers table is; 0 if the table lacks it."""
    layout = table - struct.unpack_from("<i", content, table)[0]
    if layout < 0:
        raise ValueError("outside of the file")
    offset = struct.unpack_from("<H", content, layout + place)[0] if place < _u16(content, layout) else 0
    return table + offset if offset else 0


def _vector(content: bytes, table: int, place: int) -> list[int]:
    """Return where the tables of a vector are; none if the table lacks the vector."""
    field = _field(content, table, place)
    if not field:
        return []
    start = field + _u32(content, field)
    items = range(start + 4, start + 4 + 4 * _u32(content, start), 4)
    if items and items[-1] >= len(content):
        raise ValueError("cut off")
    return [item + _u32(content, item) for item in items]


def _u16(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", content, at)[0])


def _u32(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", content, at)[0])
