import gzip
import hashlib
import zipfile

import pytest

from gazescribe.pipeline.ingest import checksums as module
from gazescribe.pipeline.ingest.checksums import check_sums, say_checked
from gazescribe.pipeline.ingest.sums import NAME
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.walking import entries_below

REFLACX = load_manifest("reflacx")


class Tree:
    """A tree with a list of the files that it held when the list was written."""

    def __init__(self, root):
        self.root = root
        root.mkdir()

    def put(self, path, content=b"content"):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target

    def list(self):
        paths = sorted(path for path in self.root.rglob("*") if path.is_file())
        lines = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.root)}\n"
            for path in paths
        ]
        (self.root / NAME).write_text("".join(lines))

    def check(self):
        sizes = {entry.path: entry.size for entry in entries_below(self.root)}
        return check_sums(self.root, REFLACX, sizes, self.root.parent / "state", workers=1)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "root")


def codes(checked):
    return {fault.code: (fault.severity, fault.n) for fault in checked.faults}


def test_a_whole_tree(tree):
    tree.put("a b/c.csv")
    tree.put("d")
    tree.list()
    checked = tree.check()
    assert (checked.n_listed, checked.n_checked, checked.n_read) == (2, 2, 2)
    assert codes(checked) == {}
    assert list(say_checked(checked)) == [
        "checksums: 2 of 2 listed files compared (2 read now), 0 differ, 0 absent, 0 not listed"
    ]
    assert tree.check().n_read == 0


def test_each_fault_is_named_and_counted(tree):
    for name in ("a", "b", "c", "d"):
        tree.put(name)
    tree.list()
    tree.put("a", b"changed")
    (tree.root / "b").unlink()
    tree.put("new")
    checked = tree.check()
    assert (checked.differ, checked.absent, checked.not_listed) == (["a"], ["b"], ["new"])
    assert codes(checked) == {
        "checksum_differs": ("loss", 1),
        "checksum_absent": ("warning", 1),
        "checksum_not_listed": ("warning", 1),
    }
    (differs, *_) = checked.faults
    assert (differs.file, differs.loses) == ("a", "published content")
    assert list(say_checked(checked))[1:] == [
        "  differ from what was published:",
        "    a",
        "  listed and absent:",
        "    b",
        "  here and not listed:",
        "    new",
    ]


def test_a_sort_of_files_that_nobody_fetched_is_counted_not_named(tree, monkeypatch):
    monkeypatch.setattr(module, "MANY", 2)
    gaze = [tree.put(f"gaze_data/P300R00000{number}/gaze.csv") for number in range(3)]
    words = [
        tree.put(f"main_data/P300R00000{number}/timestamps_transcription.csv")
        for number in range(4)
    ]
    tree.list()
    for path in (*gaze, *words[1:]):
        path.unlink()
    checked = tree.check()
    assert checked.absent_kinds == {"gaze": 3}
    assert len(checked.absent) == 3
    assert codes(checked)["checksum_absent"] == ("warning", 6)
    lines = list(say_checked(checked, limit=2))
    assert lines[-2] == "    … and 1 more (--json names all)"
    assert lines[-1] == "  listed and absent: all 3 files of the kind gaze"


def test_a_table_that_was_packed_is_compared_by_its_content(tree):
    for name in ("a.csv", "b.csv"):
        tree.put(name)
    tree.list()
    for name, content in (("a.csv", b"content"), ("b.csv", b"changed")):
        (tree.root / name).unlink()
        tree.put(f"{name}.gz", gzip.compress(content))
    checked = tree.check()
    assert (checked.n_checked, checked.differ) == (2, ["b.csv.gz"])
    assert (checked.absent, checked.not_listed) == ([], [])


def test_a_table_that_was_unpacked_beside_is_compared_with_it(tree):
    for name in ("a.csv.gz", "b.csv.gz"):
        tree.put(name, gzip.compress(b"content"))
    tree.list()
    tree.put("a.csv")
    tree.put("b.csv", b"changed")
    checked = tree.check()
    assert (checked.n_checked, checked.differ, checked.not_listed) == (4, ["b.csv"], [])


def test_a_table_that_replaced_its_packed_form_cannot_be_compared(tree):
    tree.put("a.csv.gz", gzip.compress(b"content"))
    tree.list()
    (tree.root / "a.csv.gz").unlink()
    tree.put("a.csv")
    checked = tree.check()
    assert checked.unchecked == {"a.csv": "it was unpacked from a.csv.gz, which is not here"}
    assert codes(checked) == {"checksum_unchecked": ("warning", 1)}
    assert "    a.csv: it was unpacked from a.csv.gz" in "\n".join(say_checked(checked))


@pytest.mark.parametrize("folder", ["main_data/", ""])
def test_files_out_of_a_listed_archive(tree, folder):
    with zipfile.ZipFile(tree.root / "main_data.zip", "w") as archive:
        for name in "ab":
            archive.writestr(f"{folder}{name}", name)
    tree.list()
    tree.put("main_data/a", b"a")
    tree.put("main_data/b", b"changed")
    tree.put("main_data/c")
    checked = tree.check()
    assert (checked.n_checked, checked.differ, checked.not_listed) == (3, ["main_data/b"], [])
    assert list(checked.unchecked) == ["main_data/c"]
    (tree.root / "main_data.zip").unlink()
    checked = tree.check()
    assert checked.absent == ["main_data.zip"]
    assert len(checked.unchecked) == 3


def test_a_damaged_archive(tree):
    tree.put("main_data.zip", b"PK")
    tree.list()
    tree.put("main_data/a")
    assert "which cannot be read" in tree.check().unchecked["main_data/a"]


def test_what_cannot_be_read_is_a_loss(tree):
    tree.put("a.csv")
    tree.list()
    (tree.root / "a.csv").unlink()
    tree.put("a.csv.gz", b"no gzip")
    assert codes(tree.check()) == {"checksum_file_unreadable": ("loss", 1)}


def test_without_a_list_nothing_is_read_and_no_state_is_made(tree):
    tree.put("a")
    checked = tree.check()
    assert codes(checked) == {"checksums_missing": ("warning", 1)}
    assert not (tree.root.parent / "state").exists()
    assert list(say_checked(checked)) == ["checksums: no file was compared"]
