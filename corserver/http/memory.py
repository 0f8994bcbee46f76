"""A bounded memory of what was judged or made before, that a peer who never repeats himself cannot flush.

It has two halves. What comes in is *fresh*; what is asked for again is *proven*. A flood of keys that are never asked
for again empties the fresh half only, again and again, at the cost of a dict entry each; what is asked for often stays.
When the proven half is full it is emptied too: what belongs there is back at its second use.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: How much the proven half holds: entries, and bytes of what they are said to weigh.
_ENTRIES: Final = 2048
_BYTES: Final = 4 * 1024 * 1024
#: How many times less the fresh half holds. It need not hold much: what is worth it comes back soon.
_FRESH_PART: Final = 8


class Memory(Generic[K, V]):
    """A dict that forgets. With no *entries* it remembers nothing."""

    __slots__ = ("_entries", "_fresh", "_fresh_entries", "_fresh_left", "_proven", "_proven_left", "_weight")

    def __init__(self, entries: int = _ENTRIES, weight: int = _BYTES) -> None:
        self._entries = entries
        self._fresh_entries = -(-entries // _FRESH_PART)
        self._weight = weight
        self._fresh: dict[K, tuple[V, int]] = {}
        self._proven: dict[K, V] = {}
        self._fresh_left = weight
        self._proven_left = weight

    def alike(self) -> "Memory[Any, Any]":
        """A new one with the same bounds."""
        return Memory(self._entries, self._weight)

    def __len__(self) -> int:
        return len(self._fresh) + len(self._proven)

    def get(self, key: K) -> V | None:
        """What is remembered of *key*."""
        value = self._proven.get(key)
        if value is None and key in self._fresh:
            value, weight = self._fresh.pop(key)
            self._fresh_left += weight
            if len(self._proven) >= self._entries or self._proven_left < weight:
                self._proven.clear()
                self._proven_left = self._weight
            self._proven_left -= weight
            self._proven[key] = value
        return value

    def recall(self, keys: Sequence[K]) -> list[V | None]:
        """What is remembered of each of *keys*."""
        values = [*map(self._proven.get, keys)]
        if None in values and self._fresh:
            return [*map(self.get, keys)]
        return values

    def put(self, key: K, value: V, weight: int) -> None:
        """Remember *value*, which weighs about *weight* bytes with its key."""
        if weight > self._weight or not self._entries:
            return
        if len(self._fresh) >= self._fresh_entries or self._fresh_left < weight:
            self._fresh.clear()
            self._fresh_left = self._weight
        self._fresh_left -= weight
        self._fresh[key] = value, weight

    def clear(self) -> None:
        """Forget everything."""
        self._fresh.clear()
        self._proven.clear()
        self._fresh_left = self._proven_left = self._weight
