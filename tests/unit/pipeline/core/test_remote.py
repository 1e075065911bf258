"""Copies of folders of a store; fsspec's own store in memory stands for others."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from gazescribe.pipeline.core import remote
from gazescribe.pipeline.core.errors import GazeError, SchemaError, WriteError
from gazescribe.pipeline.core.ownership import RECORD
from gazescribe.pipeline.core.remote import UPLOADING, Store, address_of, is_address, with_addresses
from tests.stores import memory  # noqa: F401  a fixture

ADDRESS = "memory://lab/tables"


def content(folder):
    return {str(x.relative_to(folder)): x.read_text() for x in folder.rglob("*") if x.is_file()}


def test_addresses():
    assert is_address("s3://bucket/folder")
    assert not is_address("data/s3:/x")
    assert not is_address("/data")


def test_a_folder_is_brought_and_comes_again_where_it_changed(memory, monkeypatch):  # noqa: F811
    store = Store(f"{ADDRESS}/")
    first = store.bring()
    assert content(store.local) == {"a.txt": "one", "sub/b.txt": "two"}
    fetched = []
    get = store.files.get_file
    monkeypatch.setattr(store.files, "get_file", lambda *at: [fetched.append(at[0]), get(*at)])
    assert store.bring() == first
    assert fetched == []
    memory.pipe_file("/lab/tables/a.txt", b"ONE")
    memory.rm_file("/lab/tables/sub/b.txt")
    assert store.bring() != first
    assert fetched == ["/lab/tables/a.txt"]
    assert content(store.local) == {"a.txt": "ONE"}
    (store.local / "a.txt").write_text("edited by somebody")
    store.bring()
    assert content(store.local) == {"a.txt": "ONE"}


def test_a_file_is_brought(memory):  # noqa: F811
    store = Store("memory://lab/tables/a.txt")
    store.bring()
    assert store.local.read_text() == "one"


def test_files_that_are_left_out_stay_away(memory):  # noqa: F811
    store = Store(ADDRESS)
    memory.pipe_file("/lab/tables/x.JPG", b"picture")
    digest = store.bring((".jpg",))
    assert set(content(store.local)) == {"a.txt", "sub/b.txt"}
    store.bring()
    store.bring((".jpg",))
    assert set(content(store.local)) == {"a.txt", "sub/b.txt", "x.JPG"}, "nothing comes twice"
    store.bring_version(digest, (".jpg",))


def test_the_version_of_a_run(memory):  # noqa: F811
    """Another machine reads what the first one did, or says that it cannot."""
    store = Store(ADDRESS)
    digest = store.bring()
    store.bring_version(digest)
    memory.pipe_file("/lab/tables/a.txt", b"replaced")
    store.bring_version(digest)  # this machine still has what it was
    (store.local / "a.txt").unlink()
    with pytest.raises(GazeError, match=r"memory://lab/tables: this was replaced .* Run this aga"):
        store.bring_version(digest)


def test_some_files_of_a_large_folder(memory):  # noqa: F811
    store = Store(ADDRESS)
    store.fetch([("a", "a.txt"), ("none", "none.txt"), ("../../etc/passwd",), ("sub/b.txt",)])
    assert content(store.local) == {"a.txt": "one", "sub/b.txt": "two"}


def test_nothing_there(memory):  # noqa: F811
    with pytest.raises(GazeError, match=r"memory://lab/none: there is no such folder or file"):
        Store("memory://lab/none").bring()


def test_a_folder_that_is_being_sent(memory):  # noqa: F811
    owner = {"pid": 7, "host": "elsewhere", "since": "2026-01-01T00:00:00+00:00"}
    memory.pipe_file(f"/lab/tables/{UPLOADING}", json.dumps(owner).encode())
    with pytest.raises(SchemaError, match=r"not whole: process 7 on elsewhere .* was cut off"):
        Store(ADDRESS).bring()


def test_a_folder_that_lacks_a_file_of_its_record(memory):  # noqa: F811
    """As one that was copied to the store by other means, which were cut off."""
    files = {"a.txt": {"size": 3}, "gone.txt": {"size": 5}, "sub/b.txt": {"size": 2_000}}
    memory.pipe_file(f"/lab/tables/{RECORD}", json.dumps({"files": files}).encode())
    with pytest.raises(SchemaError, match="its record names files") as raised:
        Store(ADDRESS).bring()
    assert raised.value.faults == ("gone.txt: 0 bytes of 5", "sub/b.txt: 3 bytes of 2,000")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "a//b", "a\nb"])
def test_names_that_lead_elsewhere(memory, name):  # noqa: F811
    """A store takes any text as a name; none may become a path out of the folder."""
    memory.store[f"/lab/tables/{name}"] = memory.store["/lab/tables/a.txt"]
    with pytest.raises(GazeError, match=r"cannot be files|no such folder"):
        Store(ADDRESS).bring()
    assert not (remote.cache() / "memory" / "lab" / "x").exists()


@pytest.mark.parametrize("address", ["s3://", "s3://lab/../x", "s3:///", "s3://lab//x"])
def test_no_address(address):
    with pytest.raises(GazeError, match="this is no address of a folder or file"):
        Store(address)


def test_a_password_in_an_address_is_not_shown():
    with pytest.raises(GazeError, match="name or password") as raised:
        Store("s3://me:hush@bucket/folder")
    assert "hush" not in str(raised.value)


def test_unknown_stores():
    with pytest.raises(GazeError, match="there is no store s4://; there are"):
        Store("s4://bucket/folder")


def test_a_disk_that_is_too_small(memory, monkeypatch):  # noqa: F811
    monkeypatch.setattr(remote.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(WriteError, match=r"6 bytes are to come.*room for 1\. Name .* GAZE_CACHE"):
        Store(ADDRESS).bring()


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (PermissionError("Access Denied"), "the store gives no right to this. Look at the cred"),
        (NoCredentialsError(), "there are no credentials for this store"),
        (EndpointConnectionError(endpoint_url="http://x"), "the store does not answer as it shou"),
        (ConnectionResetError("reset by peer"), "the store does not answer as it should"),
        (FileNotFoundError("The specified bucket does not exist"), "there is no such bucket"),
    ],
)
def test_what_stores_raise(memory, monkeypatch, raised, said):  # noqa: F811
    store = Store(ADDRESS)

    def fail(*_, **__):
        raise raised

    monkeypatch.setattr(store.files, "get_file", fail)
    with pytest.raises(GazeError, match=f"{ADDRESS}: {said}"):
        store.bring()
    assert not store.local.exists() or content(store.local) == {}


def test_bugs_are_not_explained(memory, monkeypatch):  # noqa: F811
    store = Store(ADDRESS)
    monkeypatch.setattr(store.files, "find", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.bring()


def test_messages_name_addresses(memory):  # noqa: F811
    path = Store(ADDRESS).local / "a.txt"
    assert address_of(path) == f"{ADDRESS}/a.txt"
    assert address_of(Path("elsewhere")) is None
    assert with_addresses(f"look at {path}.") == f"look at {ADDRESS}/a.txt."
