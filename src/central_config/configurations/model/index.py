"""The keys of one environment in order, in blocks that remember how they were rendered.

A workspace may hold a million keys and change a thousand times a second, so neither a new key nor
a new value may cost more than its own block: insertion moves one short list, and of a whole answer
only the blocks that were touched are rendered again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# Keys in a block before it is split. Rendering one block takes about 0.1 ms.
BLOCK = 256


class Chunk(NamedTuple):
    """A rendered run of keys: JSON members joined by commas, and the keys that need a word more."""

    members: bytes
    deprecated: tuple[str, ...]
    masked: tuple[str, ...]


class Block:
    """A run of keys. `rendered` maps "secrets in clear" to the chunk that is still true."""

    __slots__ = ("keys", "rendered")

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.rendered: dict[bool, Chunk] = {}

    def within(self, prefix: str) -> bool:
        """Tell whether every key of the block begins with the prefix."""
        return self.keys[0].startswith(prefix) and self.keys[-1].startswith(prefix)


class KeyIndex:
    """Sorted keys. A key that was held once stays: whether it is served, the state tells."""

    def __init__(self, keys: Iterable[str]) -> None:
        found = sorted(keys)
        half = BLOCK // 2
        self._blocks = [Block(found[at : at + half]) for at in range(0, len(found), half)]
        self._firsts = [block.keys[0] for block in self._blocks]
        self._count = len(found)

    def __len__(self) -> int:
        """Return the number of keys."""
        return self._count

    def add(self, key: str) -> None:
        """Take a key that may be new."""
        if not self._blocks:
            self._blocks.append(Block([key]))
            self._firsts.append(key)
            self._count = 1
            return
        at = self._at(key)
        block = self._blocks[at]
        place = bisect_left(block.keys, key)
        if place < len(block.keys) and block.keys[place] == key:
            return
        block.keys.insert(place, key)
        block.rendered.clear()
        self._firsts[at] = block.keys[0]
        self._count += 1
        if len(block.keys) > BLOCK:
            self._split(at)

    def touch(self, key: str) -> None:
        """Forget how the block of a key was rendered."""
        if self._blocks:
            self._blocks[self._at(key)].rendered.clear()

    def rendered_size(self) -> int:
        """Return how many bytes the rendered blocks take together."""
        return sum(
            len(chunk.members) for block in self._blocks for chunk in block.rendered.values()
        )

    def blocks(self, prefix: str = "") -> Sequence[Block]:
        """Return the blocks that may hold keys with the prefix, in order."""
        if not prefix or not self._blocks:
            return self._blocks
        first = self._at(prefix)
        last = first
        while last < len(self._blocks) and (
            last == first or self._blocks[last].keys[0].startswith(prefix)
        ):
            last += 1
        return self._blocks[first:last]

    def keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix` and come after `after`, in order.

        Keys may be added meanwhile: whether a new one is met is open, no other is missed.
        """
        last, find = (after, bisect_right) if after >= prefix else (prefix, bisect_left)
        while self._blocks:
            at = self._at(last)
            place = find(self._blocks[at].keys, last)
            if place == len(self._blocks[at].keys):
                at, place = at + 1, 0
            if at == len(self._blocks):
                return
            # A block may be split while its keys are handed out: the next is found by the last.
            found = self._blocks[at].keys[place:]
            for key in found:
                if not key.startswith(prefix):
                    return
                yield key
            last, find = found[-1], bisect_right

    def _at(self, key: str) -> int:
        """Return the position of the block in which a key is, or would be."""
        return max(bisect_right(self._firsts, key) - 1, 0)

    def _split(self, at: int) -> None:
        block = self._blocks[at]
        half = len(block.keys) // 2
        tail = Block(block.keys[half:])
        del block.keys[half:]
        self._blocks.insert(at + 1, tail)
        self._firsts.insert(at + 1, tail.keys[0])
