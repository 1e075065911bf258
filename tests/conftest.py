import atexit
import gc
import os
import stat
import sys
from pathlib import Path

import pytest
from fontTools.subset import Options
from hypothesis import HealthCheck, settings

# The same cases in every run, however slow the machine; `make faults` looks for new ones.
settings.register_profile(
    "fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fixed")

# Modules stay for good: the collector, which looks through them again and again as they are
# imported, takes a third of the time that torch and Lightning take.
gc.disable()

# Tests run side by side; torch reads these when it is first imported. Newer processors have wider
# kernels, which round otherwise: recorded losses hold on any x86-64 with AVX2.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")
os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")

_session = []


@atexit.register  # the first to be registered comes last
def _end_at_once():
    """End without taking thousands of modules apart, which takes seconds; not after an error."""
    if _session and not hasattr(sys, "last_value"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_session[0].exitstatus)


_fsync = os.fsync


def _sync_what_is_no_file(descriptor: int) -> None:
    """Wait for no disk: no test turns a machine off, and those of the order replace what calls."""
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        _fsync(descriptor)


os.fsync = _sync_what_is_no_file

# No reader of a PDF looks up ligatures in its fonts; to cut these tables to the letters that are
# drawn takes a third of the time of a figure.
Options._drop_tables_default += ["GDEF", "GPOS", "GSUB"]

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


def pytest_sessionstart(session):
    _session.append(session)


def pytest_collection_modifyitems(items):
    """Whole runs and runs of faults are slow."""
    for item in items:
        if any(item.path.is_relative_to(ROOT / "tests" / name) for name in ("e2e", "faults")):
            item.add_marker("slow")


def pytest_collection_finish():
    """Let the collector look through what tests make, not through modules."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)  # else it takes a tenth of the time
    gc.enable()


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared, which this machine does not have")
    return SHARED


@pytest.fixture(scope="session")
def golden_maps(shared) -> Path:
    return shared / "golden" / "heatmaps"


@pytest.fixture(scope="session")
def golden_tables(golden_maps, tmp_path_factory) -> Path:
    """The golden readings, ingested from their CSV files."""
    out = tmp_path_factory.mktemp("golden") / "tables"
    from tests.running import gazescribe

    gazescribe("ingest", "reflacx", golden_maps / "reflacx", out)
    return out


@pytest.fixture(scope="session")
def golden_associated(golden_maps, golden_tables, tmp_path_factory) -> Path:
    """Windows and Gaussians of the golden readings with the mentions given there."""
    out = tmp_path_factory.mktemp("golden") / "associated"
    from tests.running import gazescribe

    gazescribe("associate", golden_tables, golden_maps / "mentions_by_reading.csv", out)
    return out
