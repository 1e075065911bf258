"""Readings of a large tree, packed: 0.2 kB each, where those of a list take 2.5."""

import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)

SIZE = 128  # items in a packet


class Readings(Sized, Protocol[Item_co]):
    """Items that can be counted, and gone through more than once."""

    def __iter__(self) -> Iterator[Item_co]: ...


class Packets(Generic[Item]):
    """Items of a dataclass of plain values, of which one packet at a time is unpacked."""

    def __init__(self, items: Iterable[Item], kind: type[Item]) -> None:
        self._kind = kind
        self._packets: list[bytes] = []
        self._n = 0
        waiting = iter(items)
        while packet := list(islice(waiting, SIZE)):
            text = json.dumps([vars(item) for item in packet])
            self._packets.append(zlib.compress(text.encode(), level=1))
            self._n += len(packet)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[Item]:
        for packet in self._packets:
            for fields in json.loads(zlib.decompress(packet)):
                yield self._kind(**fields)


class Changed(Generic[Item]):
    """Items, each changed by a function whenever it is asked for."""

    def __init__(self, items: Readings[Any], change: Callable[[Any], Item]) -> None:
        self._items, self._change = items, change

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return map(self._change, self._items)


class Cuts(Generic[Item]):
    """Items in lists of fixed size, the last one shorter."""

    def __init__(self, items: Readings[Item], size: int) -> None:
        self._items, self._size = items, size

    def __len__(self) -> int:
        return math.ceil(len(self._items) / self._size)

    def __iter__(self) -> Iterator[list[Item]]:
        waiting = iter(self._items)
        while part := list(islice(waiting, self._size)):
            yield part
