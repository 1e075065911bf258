from dataclasses import dataclass

import pytest

from gazescribe.pipeline.ingest.packets import SIZE, Changed, Cuts, Packets


@dataclass(frozen=True)
class Row:
    name: str
    subject: int | None
    cells: dict[str, str]


ROWS = [Row(f"R{k} é", None if k % 3 else 10**17 + k, {"Mass": str(k % 5)}) for k in range(300)]


@pytest.mark.parametrize("n", [0, 1, SIZE, SIZE + 1, 300])
def test_packets_give_back_what_was_packed_every_time(n):
    packets = Packets(iter(ROWS[:n]), Row)
    assert len(packets) == n
    assert list(packets) == list(packets) == ROWS[:n]


def test_packed_items_take_little():
    packed = Packets(ROWS, Row)._packets
    assert sum(map(len, packed)) < 40 * len(ROWS)


def test_items_are_changed_whenever_they_are_asked_for():
    changed = Changed(Packets(ROWS, Row), lambda row: row.name)
    assert len(changed) == 300
    assert list(changed) == list(changed) == [row.name for row in ROWS]


def test_cuts_know_their_number_before_they_are_made():
    cuts = Cuts(Packets(ROWS, Row), 7)
    parts = list(cuts)
    assert len(cuts) == len(parts) == 43
    assert [row for part in parts for row in part] == ROWS
    assert {len(part) for part in parts[:-1]} == {7}
