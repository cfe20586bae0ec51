"""What a plain YAML scalar means: the core schema of YAML 1.2, and where YAML 1.1 disagrees.

Half of the tools people use read YAML 1.1 (PyYAML, SnakeYAML, older Go), half 1.2. Where the two
would read a different value, the text is kept as text and the caller is told: neither `no` for
Norway nor the file mode `0644` may change on the way in.
"""

import math
import re
from typing import NamedTuple

from central_config.core.json import JSON


class NotJson(ValueError):  # noqa: N818 - reads as what it says
    """The scalar is a number that JSON has no notation for; the message says which sort."""


class Scalar(NamedTuple):
    """The value, and if the two YAML versions disagree, the code of a notice and its sentence."""

    value: JSON
    code: str | None = None
    detail: str = ""


_CONSTANTS: dict[str, JSON] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_WORDS = frozenset(
    form for word in ("y", "n", "yes", "no", "on", "off")
    for form in (word, word.capitalize(), word.upper())
)  # fmt: skip
# Anything else begins with a character that no number, date or word of the lists begins with.
_SUSPECTS = frozenset("+-.0123456789~nNtTfFyYoO")

_integer = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_hexadecimal = re.compile(r"0x[0-9a-fA-F]+")
_float = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_not_finite = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_date = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?", re.DOTALL)
_numeric = re.compile(r"[-+.0-9_][-+.0-9_:a-fA-FxXoOtTzZ ]*")
_AMBIGUOUS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[-+]?0o?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"), "an octal number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number to base 60"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number"),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), "a hexadecimal number"),
    (re.compile(r"[-+]?\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"), "a grouped number"),
)


def resolve(text: str) -> Scalar:
    """Return what a plain scalar means.

    Raises:
        NotJson: it is infinite, not a number, or too large.
    """
    if text and text[0] not in _SUSPECTS:
        return Scalar(text)
    if text in _CONSTANTS:
        return Scalar(_CONSTANTS[text])
    if text in _WORDS:
        return Scalar(text, "yaml-ambiguous-word", f"`{text}` is a truth value in YAML 1.1")
    if text[0] in "+-.0123456789":
        return _number(text)
    return Scalar(text)


def is_text(text: str) -> bool:
    """Tell whether a plain scalar is that very text to readers of either YAML version.

    Errs on the side of no: some readers' rules for numbers are looser than either version's.
    """
    if _numeric.fullmatch(text):
        return False
    try:
        return resolve(text) == Scalar(text)
    except NotJson:
        return False


def _number(text: str) -> Scalar:
    if _integer.fullmatch(text):
        return Scalar(_whole(text, 10))
    if _hexadecimal.fullmatch(text):
        return Scalar(_whole(text, 16))
    if _float.fullmatch(text):
        return _real(text)
    if _not_finite.fullmatch(text):
        raise NotJson("Infinity and NaN are no JSON values; quote it to keep it as text.")
    if _date.fullmatch(text):
        return Scalar(text, "yaml-ambiguous-date", "It is a date in YAML 1.1")
    for pattern, meaning in _AMBIGUOUS:
        if pattern.fullmatch(text):
            return Scalar(text, "yaml-ambiguous-number", f"It is {meaning} to some readers")
    return Scalar(text)


def _whole(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:  # Python refuses beyond 4,300 digits: the conversion takes quadratic time
        raise NotJson("The number has too many digits; quote it to keep it as text.") from None


def _real(text: str) -> Scalar:
    value = float(text)
    if math.isinf(value):
        raise NotJson("The number is too large; quote it to keep it as text.")
    if "." not in text:  # `1e3` is a number to YAML 1.2 and text to 1.1; `7e12` may be a commit
        detail = "It is a number with an exponent in YAML 1.2 and text in YAML 1.1"
        return Scalar(value, "yaml-ambiguous-number", detail)
    return Scalar(value)
