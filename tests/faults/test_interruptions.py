"""Runs that are killed, that find the disk full or read-only, and that come together."""

from random import Random

import pytest

from tests.faults.commands import LINES
from tests.faults.interruptions import WRITERS, Interrupter


@pytest.fixture(scope="module")
def interrupter(fuzzer, tmp_path_factory):
    return Interrupter(fuzzer, tmp_path_factory.mktemp("interrupted"))


def steps(interrupter, name, n):
    """Choose steps of a command, the same each time."""
    return Random(name).sample(range(1, interrupter.undisturbed(name).n_steps + 1), n)


@pytest.mark.parametrize("name", WRITERS)
def test_killed(interrupter, name):
    (at,) = steps(interrupter, name, 1)
    assert interrupter.kill(name, at) == [], f"at step {at}"


@pytest.mark.parametrize("name", WRITERS)
def test_no_space(interrupter, name):
    assert interrupter.fill(name, 0) == [], "on a disk that can only be read"
    share = round(Random(name).random(), 2)
    assert interrupter.fill(name, share) == [], f"on a disk with {share} of the space"


@pytest.mark.parametrize("name", [n for n in WRITERS if LINES[n].older])
def test_two_at_once(interrupter, name):
    (at,) = steps(interrupter, name, 1)
    assert interrupter.overlap(name, at) == [], f"at step {at}"
