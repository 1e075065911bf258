import fcntl
import gc

import pytest

from gazescribe.pipeline.core import locks
from tests.faults.base import make_base
from tests.faults.fuzz import Fuzzer


@pytest.fixture(scope="session", autouse=True)
def _soon_cut_off():
    """Wait less for the owner of an empty lock, as a full disk leaves them; commands fork."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "_LONG_ENOUGH_S", 0.2)
        yield


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """The healthy project, made once for all processes that run tests."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):
        shared = shared.parent
    with (shared / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = make_base(shared / "faults")
    gc.collect()
    gc.freeze()  # a collection in a child touches, and so copies, all that it looks through
    return folder


@pytest.fixture(scope="session")
def fuzzer(base, tmp_path_factory):
    return Fuzzer(base, tmp_path_factory.mktemp("fuzzed"))
