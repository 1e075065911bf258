import itertools

import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.training import sampling
from gazescribe.models.training.sampling import (
    EpochSampler,
    EvenBatches,
    epoch_seed,
    generator,
    naming,
)
from gazescribe.pipeline.core.errors import ParamsError


def test_without_shuffling_items_come_in_their_order_in_every_epoch():
    sampler = EpochSampler(11, 4, seed=0, shuffle=False)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        assert list(sampler) == [(epoch, index) for index in range(8)]


@pytest.fixture
def at(monkeypatch):
    """Let this process be one of several."""

    def be(rank, world_size):
        monkeypatch.setattr(sampling, "place", lambda: (rank, world_size))

    return be


def keys(n_items=23, batch_size=4, seed=0, epoch=0):
    sampler = EpochSampler(n_items, batch_size, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


def test_each_item_at_most_once_in_whole_batches():
    found = keys()
    assert len(found) == len(EpochSampler(23, 4, 0)) == 20
    assert {epoch for epoch, _ in found} == {0}
    indices = {index for _, index in found}
    assert len(indices) == 20
    assert indices <= set(range(23))


def test_the_order_is_that_of_seed_and_epoch_alone():
    assert keys(epoch=3) == keys(epoch=3)
    orders = [
        tuple(index for _, index in keys(seed=seed, epoch=epoch))
        for seed, epoch in itertools.product(range(3), range(3))
    ]
    assert len(set(orders)) == 9


def test_other_items_are_left_out_in_another_epoch():
    left_out = [set(range(23)) - {index for _, index in keys(epoch=epoch)} for epoch in range(5)]
    assert {len(one) for one in left_out} == {3}
    assert len({frozenset(one) for one in left_out}) > 1


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_an_epoch(at, world_size):
    parts = []
    for rank in range(world_size):
        at(rank, world_size)
        parts.append(keys(epoch=1))
    assert {len(part) for part in parts} == {23 // (4 * world_size) * 4}
    assert len({key for part in parts for key in part}) == sum(map(len, parts))
    at(0, 1)
    together = keys(batch_size=4 * world_size, epoch=1)
    batches = [
        sorted(itertools.chain(*(part[start : start + 4] for part in parts)))
        for start in range(0, len(parts[0]), 4)
    ]
    wide = 4 * world_size
    assert batches == [
        sorted(together[start : start + wide]) for start in range(0, len(together), wide)
    ]


def test_too_few_items(at):
    with pytest.raises(ParamsError, match="3 items fill no batch of 4 on each of 1 devices"):
        EpochSampler(3, 4, 0)
    sampler = EpochSampler(7, 4, 0)
    at(0, 2)
    with pytest.raises(ParamsError, match="7 items fill no batch of 4 on each of 2 devices"):
        list(sampler)


@pytest.mark.parametrize(
    ("n_items", "batch_size", "world_size"),
    [
        pytest.param(41, 20, 1, id="one process"),
        pytest.param(41, 20, 2, id="two, of which one has an item more"),
        pytest.param(3, 1, 2, id="batches of one"),
        pytest.param(4, 10, 4, id="an item each"),
        pytest.param(0, 10, 1, id="nothing"),
    ],
)
def test_even_batches(at, n_items, batch_size, world_size):
    parts = []
    for rank in range(world_size):
        at(rank, world_size)
        batches = EvenBatches(n_items, batch_size)
        parts.append(list(batches))
        assert len(parts[-1]) == len(batches)
    assert len({len(part) for part in parts}) == 1
    lengths = [len(batch) for part in parts for batch in part]
    assert all(0 < length <= batch_size + (world_size > 1) for length in lengths)
    found = sorted(key for part in parts for batch in part for key in batch)
    assert found == [(0, index) for index in range(n_items)]
    if world_size == 1:
        assert found == [key for batch in parts[0] for key in batch]


def test_the_place_among_processes_is_asked_when_it_is_known(monkeypatch):
    sampler = EpochSampler(23, 4, 0)
    assert sampling.place() == (0, 1)
    for name, answer in [("is_initialized", True), ("get_rank", 1), ("get_world_size", 2)]:
        monkeypatch.setattr(sampling.distributed, name, lambda answer=answer: answer)
    assert sampling.place() == (1, 2)
    assert len(list(sampler)) == len(sampler) == 8


def test_seeds_of_epochs():
    seeds = {epoch_seed(seed, epoch) for seed in range(5) for epoch in range(5)}
    assert len(seeds) == 25
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert epoch_seed(1, 2) == epoch_seed(1, 2)


def test_streams_differ_where_keys_end_in_zero():
    drawn = {generator(0, *key).random() for key in [(), (0,), (0, 0), (0, 0, 0), (1,), (1, 0)]}
    assert len(drawn) == 6


class Echo(Dataset):
    def __getitem__(self, key):
        return np.array(key)

    def __len__(self):
        return 8


def test_processes_that_live_on_learn_the_epoch():
    sampler = EpochSampler(8, 4, 0)
    loader = DataLoader(
        Echo(), batch_size=4, sampler=sampler, num_workers=1, persistent_workers=True
    )
    seen = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        seen.append([tuple(key) for batch in loader for key in batch.tolist()])
    assert seen == [keys(8, 4, epoch=epoch) for epoch in range(2)]


def test_lightning_tells_the_epoch():
    from lightning_fabric.utilities.data import _set_sampler_epoch

    sampler, batches = EpochSampler(8, 4, 0), EvenBatches(8, 4)
    _set_sampler_epoch(DataLoader(Echo(), batch_size=4, sampler=sampler), 7)
    _set_sampler_epoch(DataLoader(Echo(), batch_sampler=batches), 7)
    assert {epoch for epoch, _ in sampler} == {7}


def test_what_fills_no_batch_is_named():
    left_out = {"b: absent": 2, "a: absent": 2, "beyond": 7}
    with pytest.raises(ParamsError) as raised, naming("et-seed0", "data/a, data/b", left_out):
        EpochSampler(3, 4, seed=0)
    head, *lines = str(raised.value).splitlines()
    assert head.startswith("data/a, data/b: et-seed0: 3 items fill no batch of 4 on each of 1 dev")
    assert lines == [
        "  - left out: 7, beyond",
        "  - left out: 2, a: absent",
        "  - left out: 2, b: absent",
    ]


def test_other_faults_stay_as_they_are():
    with pytest.raises(ParamsError, match=r"^other$"), naming("et-seed0", "data", {"a": 1}):
        raise ParamsError("other")
