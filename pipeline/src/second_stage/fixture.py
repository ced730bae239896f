"""Writes fixture/: a classifier of one word and its tokenizer, the least that the second stage's tests need.

The model compares each token id with that of "attack" and gives the logits (2, -2), or (-2, 2) where one is equal.
Written in ONNX's protobuf by hand, so that no package is needed: `python fixture.py`.
"""

import json
import pathlib

ATTACK = 3
FLOAT, INT64 = 1, 7


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(tag, value):
    """One field: text and bytes with their length, numbers as they are."""
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    value = value.encode() if isinstance(value, str) else value
    return number(tag << 3 | 2) + number(len(value)) + value


def floats(values):
    import struct

    return struct.pack(f"<{len(values)}f", *values)


def tensor(name, kind, dims, raw):
    return b"".join(field(1, dim) for dim in dims) + field(2, kind) + field(8, name) + field(9, raw)


def attribute(name, value, kind):
    return field(1, name) + (field(8, value) if kind == 7 else field(3, value)) + field(20, kind)


def node(operator, inputs, output, *attributes):
    named = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)
    return named + b"".join(field(5, attribute) for attribute in attributes)


def value(name, kind, *dims):
    shape = b"".join(field(1, field(1, dim) if isinstance(dim, int) else field(2, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def model():
    nodes = [
        node("Equal", ["input_ids", "attack"], "equal"),
        node("Cast", ["equal"], "met", attribute("to", FLOAT, 2)),
        node("ReduceMax", ["met"], "any", attribute("axes", 1, 7), attribute("keepdims", 1, 2)),
        node("Mul", ["any", "slope"], "moved"),
        node("Add", ["moved", "base"], "logits"),
    ]
    constants = [
        tensor("attack", INT64, [1], ATTACK.to_bytes(8, "little")),
        tensor("slope", FLOAT, [1, 2], floats([-4.0, 4.0])),
        tensor("base", FLOAT, [1, 2], floats([2.0, -2.0])),
    ]
    graph = b"".join(field(1, one) for one in nodes) + field(2, "one word") + b"".join(field(5, one) for one in constants)
    graph += field(11, value("input_ids", INT64, 1, "tokens")) + field(11, value("attention_mask", INT64, 1, "tokens"))
    graph += field(12, value("logits", FLOAT, 1, 2))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {"type": "WhitespaceSplit"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "word": 1, "well": 2, "attack": ATTACK}, "unk_token": "[UNK]"},
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent / "fixture"
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(model())
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER, indent=1) + "\n")
