"""What is sent to a store: whole, or known as not whole."""

import json
import os

import pytest

from gazescribe.pipeline.core import sending
from gazescribe.pipeline.core.errors import GazeError, SchemaError, WriteError
from gazescribe.pipeline.core.files import replacing_folder
from gazescribe.pipeline.core.locks import this_process
from gazescribe.pipeline.core.ownership import RECORD
from gazescribe.pipeline.core.remote import UPLOADING, Store
from gazescribe.pipeline.core.sending import make_room, send
from tests.stores import memory  # noqa: F401  a fixture

ADDRESS = "memory://lab/made"


def make(store, content="maps", **texts):
    """Make a folder on this machine as a stage does."""
    with replacing_folder(store.local, content) as folder:
        for name, text in texts.items():
            (folder / name).write_text(text)


def held(files):
    prefix = "/lab/made/"
    return {path.removeprefix(prefix): files.cat(path) for path in files.find("/lab/made")}


@pytest.fixture
def store(memory):  # noqa: F811  the fixture
    store = Store(ADDRESS)
    make_room(store)
    return store


def test_a_folder_and_its_successor(store):
    make(store, index="1", shard="one", old="gone later")
    send(store)
    assert set(held(store.files)) == {"index", "shard", "old", RECORD}
    make_room(store)
    assert not store.local.exists()
    make(store, index="2", shard="two")
    send(store)
    assert set(held(store.files)) == {"index", "shard", RECORD}
    assert held(store.files)["shard"] == b"two"


def test_what_was_sent_is_not_fetched_by_the_next_command(store, monkeypatch):
    make(store, index="1")
    send(store)
    monkeypatch.setattr(store.files, "get_file", None)
    Store(ADDRESS).bring()


def test_a_file(store):
    store.local.write_text("a table")
    send(store)
    assert store.files.cat("/lab/made") == b"a table"
    make_room(store)
    store.local.write_text("another")
    send(store)
    assert store.files.cat("/lab/made") == b"another"


def test_the_record_comes_last_and_all_the_time_it_is_known_as_not_whole(store, monkeypatch):
    make(store, index="1", shard="one")
    sent = []
    put = store.files.put_file

    def note(path, key, **_):
        sent.append(key.rpartition("/")[2])
        with pytest.raises(SchemaError, match="this is not whole"):
            Store(ADDRESS).bring()
        return put(path, key)

    monkeypatch.setattr(store.files, "put_file", note)
    send(store)
    assert sorted(sent[:-1]) == ["index", "shard"]
    assert sent[-1] == RECORD


def test_a_run_that_is_cut_off_and_the_next_one(store, monkeypatch):
    make(store, index="old", shard="old")
    send(store)
    make_room(store)
    make(store, index="new", more="new")
    put = sending._put

    def lose(store, name):
        if name == "more":
            raise ConnectionResetError("reset by peer")
        put(store, name)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_put", lose)
        with pytest.raises(WriteError, match=r"does not answer as it should .* What was made is"):
            send(store)
    assert (store.local / "more").read_text() == "new"
    assert UPLOADING in held(store.files)
    with pytest.raises(SchemaError, match="this is not whole"):
        Store(ADDRESS).bring()
    make_room(store)
    make(store, index="newest")
    send(store)
    assert set(held(store.files)) == {"index", RECORD}
    Store(ADDRESS).bring()


def test_objects_of_others_stay(store):
    store.files.pipe_file("/lab/made/thesis.doc", b"years of work")
    with pytest.raises(WriteError, match="no earlier run sent; nothing was sent") as raised:
        make_room(store)
    assert raised.value.faults == ("thesis.doc",)
    make(store, index="1")
    with pytest.raises(WriteError, match="no earlier run sent"):
        send(store)
    assert set(held(store.files)) == {"thesis.doc"}


def test_other_content_of_ours_stays(store):
    make(store, "maps", index="1")
    send(store)
    make_room(store)
    make(store, "tables", readings="1")
    with pytest.raises(WriteError, match="this folder holds maps; tables would mix with them"):
        send(store)
    assert set(held(store.files)) == {"index", RECORD}


def test_another_run_that_sends(store):
    owner = {**this_process(), "host": "elsewhere", "files": []}
    store.files.pipe_file(f"/lab/made/{UPLOADING}", json.dumps(owner).encode())
    make(store, index="1")
    with pytest.raises(WriteError, match=rf"is sending here: process {os.getpid()} on elsewhere"):
        send(store)
    assert set(held(store.files)) == {UPLOADING}


def test_a_dead_run_of_this_machine_is_followed(store):
    owner = {**this_process(), "pid": 2**22 + 1, "files": ["half"]}
    store.files.pipe_file(f"/lab/made/{UPLOADING}", json.dumps(owner).encode())
    store.files.pipe_file("/lab/made/half", b"hal")
    make(store, index="1")
    send(store)
    assert set(held(store.files)) == {"index", RECORD}


def test_a_store_that_keeps_less_than_it_was_sent(store, monkeypatch):
    make(store, index="whole")
    monkeypatch.setattr(
        store.files, "put_file", lambda path, key, **_: store.files.pipe_file(key, b"cut")
    )
    with pytest.raises(GazeError, match="does not hold what was sent") as raised:
        send(store)
    assert raised.value.faults == ("index",)
