"""Runs that may open few files at once: they say so, or give what they always give."""

import os
import resource
from pathlib import Path

import pytest

from tests.faults.commands import LINES
from tests.faults.runs import run, workplace, written

NAMES = ["ingest egd", "ingest reflacx", "ingest lab"]
OPEN = Path("/proc/self/fd")


def allow(n_more):
    """Let the process open so many files beyond those that it has open."""
    last = max(int(path.name) for path in OPEN.iterdir())
    while os.open(os.devnull, os.O_RDONLY) < last:  # numbers that are free count, too
        pass
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n_open = max(int(path.name) for path in OPEN.iterdir())  # with that of the listing itself
    resource.setrlimit(resource.RLIMIT_NOFILE, (n_open + n_more, hard))


@pytest.mark.skipif(not OPEN.is_dir(), reason="open files are counted in /proc")
@pytest.mark.parametrize("name", NAMES)
def test_few_files_at_once(fuzzer, name):
    printed, expected = fuzzer.healthy(name)
    n_refused = 0
    for n_more in (1, 2, 3, 4, 6):
        with workplace(fuzzer.base, LINES[name], fuzzer.root) as folder:
            outcome = run(LINES[name].line, folder, lambda n_more=n_more: allow(n_more))
            if outcome.exit == 2 and "more files are needed at once" in outcome.output:
                n_refused += 1
            else:
                assert (outcome.exit, outcome.output) == (printed.exit, printed.output), n_more
                assert written(folder) == expected, n_more
    assert n_refused, "no limit was too low"
