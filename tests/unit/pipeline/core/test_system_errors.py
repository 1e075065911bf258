import errno
import os

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.system_errors import explain_system, from_system


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(
            OSError(errno.ENOENT, "No such file", "a.csv"), r"a\.csv: there is no such", id="absent"
        ),
        pytest.param(
            OSError(errno.EMFILE, "Too many open files", "a.npy"),
            r"a\.npy: more files are needed at once than .* \(\d+\)\. Allow more with `ulimit",
            id="open files",
        ),
        pytest.param(MemoryError(), r"^this needs more memory than there is\. Use", id="memory"),
        pytest.param(
            MemoryError("Unable to allocate 7.4 PiB"), r"is \(Unable .* 7\.4 PiB\)", id="how much"
        ),
        pytest.param(
            OSError("13631488 requested and 302976 written"),
            "took 302,976 of the 13,631,488 values of an array: it is full. Free",
            id="numpy",
        ),
        pytest.param(OSError(errno.EPROTO, "Protocol error"), "refuses this .Protocol", id="other"),
        pytest.param(OSError("odd"), "the system refuses this .odd", id="without a number"),
    ],
)
def test_text(fault, message):
    with pytest.raises(GazeError, match=message) as raised:
        raise from_system(fault)
    assert "Errno" not in str(raised.value)


def test_a_full_disk_says_how_much_room_is_left(tmp_path):
    fault = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "new" / "a.csv"))
    assert "There are " in str(from_system(fault))
    what, remedy = explain_system(OSError(errno.ENOSPC, "full"), tmp_path / "a.csv")
    assert what.startswith("the disk is full. There are ")
    assert "another disk" in remedy


def test_both_names_of_a_rename():
    fault = OSError(errno.EXDEV, "Cross-device link", "a", None, "b")
    assert str(from_system(fault)).startswith("a -> b: the system refuses this (Cross-device")
