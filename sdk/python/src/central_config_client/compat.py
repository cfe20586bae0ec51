"""What newer versions of Python have."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method):  # noqa: ANN001, ANN201
        """Say that a method takes the place of another (in `typing` from Python 3.12 on)."""
        return method


__all__ = ["override"]
