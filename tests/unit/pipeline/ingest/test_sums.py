import os

import pytest

from gazescribe.pipeline.ingest.sums import NAME, read_sums

A, B = "a" * 64, "B" * 64


@pytest.fixture
def read(tmp_path):
    """Write a list and read it; give it, and the messages of its faults by code."""

    def run(content):
        path = tmp_path / NAME
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        sums = read_sums(path)
        return sums, {fault.code: fault.message for fault in sums.faults}

    return run


@pytest.mark.parametrize(
    ("line", "path"),
    [
        pytest.param(f"{A} a.csv\n", "a.csv", id="one-blank"),
        pytest.param(f"{A}  a.csv\n", "a.csv", id="two-blanks"),
        pytest.param(f"{A} *a.csv\n", "a.csv", id="binary"),
        pytest.param(f"{A}\ta.csv\n", "a.csv", id="tab"),
        pytest.param(f"{A}  a.csv\r\n", "a.csv", id="CRLF"),
        pytest.param(f"\ufeff{A}  a.csv\n", "a.csv", id="byte-order-mark"),
        pytest.param(f"{A}  ./a b/c d.csv\n", "a b/c d.csv", id="blanks-in-path"),
        pytest.param(f"\\{A}  a\\nb\\\\c\n", "a\nb\\c", id="escaped"),
        pytest.param(f"# sums\n\n{A}  a.csv\n", "a.csv", id="comment-and-blank-line"),
        pytest.param(f"{A.upper()}  a.csv\n", "a.csv", id="capitals"),
    ],
)
def test_lines_of_every_form(read, line, path):
    sums, faults = read(line)
    assert sums.digests == {path: A}
    assert faults == {}


def test_paths_of_any_encoding(read):
    sums, faults = read(A.encode() + b"  \xe9.csv\n")
    assert [os.fsencode(path) for path in sums.digests] == [b"\xe9.csv"]
    assert faults == {}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(A, id="no-path"),
        pytest.param(f"{A[1:]}  a.csv", id="short"),
        pytest.param(f"{A[1:]}g  a.csv", id="no-hexadecimal"),
        pytest.param(f"{A}  /etc/passwd", id="absolute"),
        pytest.param(f"{A}  a/../../b", id="out-of-the-tree"),
        pytest.param("\x00\x01", id="bytes"),
    ],
)
def test_damaged_lines_are_counted_and_numbered(read, line):
    sums, faults = read(f"{A}  a.csv\n{line}\n{B}  b.csv\n{line}\n")
    assert sums.digests == {"a.csv": A, "b.csv": B.lower()}
    assert faults == {"checksums_unreadable": "2 lines are no SHA-256 and path (line 2, 4)"}
    assert [(fault.severity, fault.n) for fault in sums.faults] == [("loss", 2)]


def test_many_damaged_lines(read):
    _, faults = read("x\n" * 12)
    assert faults["checksums_unreadable"].endswith("(line 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …)")


def test_a_web_page_instead_of_the_list(read):
    _, faults = read("<!DOCTYPE html>\n<p>Log in</p>\n")
    assert "this is a web page; fetch the list again, logged in" in faults["checksums_unreadable"]


def test_two_sums_of_one_path(read):
    sums, faults = read(f"{A}  a.csv\n{A}  a.csv\n{B}  a.csv\n")
    assert sums.digests == {"a.csv": A}
    assert "an earlier line another SHA-256 (line 3)" in faults["checksums_contradict"]


def test_a_list_that_is_cut_off(read):
    _, faults = read(f"{A}  a.csv\n{B}  b.c")
    assert list(faults) == ["checksums_cut"]


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_list(read, content):
    _, faults = read(content)
    assert faults == {"checksums_empty": "the list is empty"}


def test_no_list(tmp_path):
    (fault,) = read_sums(tmp_path / NAME).faults
    assert fault.severity == "warning"
    assert fault.message == "there is no such file; no checksum was compared"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / NAME)
    (fault,) = read_sums(tmp_path / NAME).faults
    assert "this is a pipe or a device" in fault.message
