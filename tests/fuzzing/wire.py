"""Damage to protobuf messages, field by field, at any depth, so that what stands around the damage stays readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.models.protobuf import LENGTH, VARINT, WireError, fields

if TYPE_CHECKING:
    import random

Fields = list[tuple[int, int, bytes]]
"""The fields of a message: number, wire type, and the payload as it is written (of LENGTH without its length)."""

_NUMBERS = (0, 1, 2, 3, 7, 9, 19, 127, 255, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 2**64 - 1)
_TEXTS = (b"", b"\0", b"\xff\xfe", b"a" * 300, b"../x", b"x:0", b"^x", b"Const", b"NoSuchOp", b"/", b"%s", b"\x1b[31m")
_FOUR, _EIGHT = (5, 1)
_LEVELS = 8


def damaged_message(raw: bytes, dice: random.Random) -> bytes:
    """Return a message with one to three fields that are others, gone, twice, or of another type."""
    for _ in range(dice.randint(1, 3)):
        raw = _damaged(raw, dice, _LEVELS)
    return raw


def written(message: Fields) -> bytes:
    """Return fields as protobuf writes them."""
    return b"".join(
        _varint(number << 3 | wire) + (_varint(len(payload)) + payload if wire == LENGTH else payload)
        for number, wire, payload in message
    )


def _damaged(raw: bytes, dice: random.Random, levels: int) -> bytes:
    message = _read(raw)
    if not message:
        return _other_bytes(raw, dice)
    place = dice.randrange(len(message))
    number, wire, payload = message[place]
    if wire == LENGTH and levels and payload and dice.random() < 0.8:
        message[place] = (number, wire, _damaged(payload, dice, levels - 1))
        return written(message)
    act = dice.randrange(7)
    if act == 0:
        del message[place]
    elif act == 1:
        message.insert(place, message[dice.randrange(len(message))])
    elif act == 2:
        message[place] = (dice.choice((number, number + 1, 1, 2, 5, 15, 500)), *_other_wire(dice))
    elif act == 3:
        message[place] = message[dice.randrange(len(message))]
    elif act == 4 and wire == LENGTH:
        message[place] = (number, wire, _wrapped(number, payload, dice))
    else:
        message[place] = (number, wire, _other_payload(wire, payload, dice))
    return written(message)


def _read(raw: bytes) -> Fields:
    """Return the fields of what may be a message; nothing when it is none."""
    found: Fields = []
    try:
        for field in fields(raw, 0, end=len(raw)):
            found.append((field.number, field.wire, raw[field.start : field.end]))
    except WireError:
        return []
    return found


def _wrapped(number: int, payload: bytes, dice: random.Random) -> bytes:
    """Return a message inside itself, many times over."""
    for _ in range(dice.choice((2, 30, 150, 3000))):
        payload = written([(number, LENGTH, payload[-20_000:])])
    return payload


def _other_wire(dice: random.Random) -> tuple[int, bytes]:
    wire = dice.choice((VARINT, LENGTH, _FOUR, _EIGHT))
    return wire, _other_payload(wire, b"", dice)


def _other_payload(wire: int, payload: bytes, dice: random.Random) -> bytes:
    if wire == VARINT:
        return _varint(dice.choice(_NUMBERS))
    if wire == LENGTH:
        return _other_bytes(payload, dice)
    return dice.randbytes(4 if wire == _FOUR else 8)


def _other_bytes(raw: bytes, dice: random.Random) -> bytes:
    act = dice.randrange(4)
    if act == 0 or not raw:
        return dice.choice(_TEXTS)
    if act == 1:
        return raw[: dice.randrange(len(raw))]
    if act == 2:
        return raw + dice.choice(_TEXTS)
    content = bytearray(raw)
    for _ in range(dice.randint(1, 4)):
        content[dice.randrange(len(content))] = dice.randrange(256)
    return bytes(content)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
