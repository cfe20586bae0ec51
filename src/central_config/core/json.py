"""JSON as this service reads and writes it.

One encoder everywhere: compact, keys in the order given, so that equal values that were written
alike have equal bytes. NaN and the infinities are no JSON and never pass.
"""

from typing import Any, TypeAlias, cast

import msgspec

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

_encoder = msgspec.json.Encoder()
_sorted_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()


def encode(value: object) -> bytes:
    """Return compact JSON."""
    return _encoder.encode(value)


def encode_sorted(value: object) -> bytes:
    """Return compact JSON with object members sorted: the form that is hashed and compared."""
    return _sorted_encoder.encode(value)


def decode(data: bytes | str) -> JSON:
    """Return the value.

    Raises:
        ValueError: the text is not JSON.
    """
    return cast("JSON", _decoder.decode(data))


def deeper_than(value: JSON, limit: int) -> bool:
    """Tell whether lists and objects nest more than `limit` deep; does not recurse itself."""
    if not isinstance(value, (list, dict)):
        return False
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for each in level
            for inner in (each if isinstance(each, list) else each.values())
            if isinstance(inner, (list, dict))
        ]
        if not level:
            return False
    return True


def equal(left: JSON, right: JSON) -> bool:
    """Tell whether two values are the same JSON: `1` is not `true`, and `1` is not `1.0`."""
    return encode_sorted(left) == encode_sorted(right)


def as_object(value: Any) -> dict[str, JSON]:  # noqa: ANN401 - the border to untyped drivers
    """Return the value as a JSON object; callers know it is one."""
    return cast("dict[str, JSON]", value)
