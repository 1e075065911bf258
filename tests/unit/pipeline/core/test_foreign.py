import errno
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gazescribe.pipeline.core import foreign
from gazescribe.pipeline.core.errors import ParamsError, SchemaError
from gazescribe.pipeline.core.foreign import (
    check_file,
    parse_json,
    parse_json_values,
    parsing,
    read_json,
    read_npy,
    read_npz,
    read_safetensors_metadata,
    read_text,
    read_xml,
    zip_members,
)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "none", "there is no such file. Make it"),
        (tmp_path / "pipe", "pipe or a device"),
        (tmp_path, "this is a folder"),
        (tmp_path / ("x" * 300), "longer than the disk allows"),
        (tmp_path / "a\0b", "no name of a file"),
    ]:
        with pytest.raises(ParamsError, match=message):
            check_file(path, ParamsError, "Make it.")
    with pytest.raises(SchemaError, match="device"):
        read_json(foreign.Path("/dev/zero"))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(RecursionError(), "not a tree .nested too deeply", id="depth"),
        pytest.param(MemoryError("9 GiB"), r"more memory than there is \(9 GiB\)", id="memory"),
        pytest.param(EOFError(), r"not a tree \(EOFError\)", id="without a word"),
        pytest.param(OSError("bad page"), r"not a tree \(bad page\)", id="of Arrow"),
        pytest.param(KeyError("x" * 900), r"not a tree \('x{298}…\)", id="long"),
    ],
)
def test_every_way_of_failing_becomes_one_error(fault, message):
    with pytest.raises(ParamsError, match=message) as raised, parsing("a", "a tree", ParamsError):
        raise fault
    assert raised.value.where == "a"


def test_an_error_for_people_passes_through():
    with pytest.raises(ParamsError, match="mine"), parsing("a", "a tree"):
        raise ParamsError("mine")


def test_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffÄ\r\nb".encode())
    assert read_text(path) == "Ä\nb"
    path.write_bytes(b"a\nb\n\xe4")
    with pytest.raises(SchemaError, match=r"line 3: .* 0xe4 .*Save it as UTF-8"):
        read_text(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "Expecting value: line 1", id="empty"),
        pytest.param('{"a": 1', "line 1 column 8", id="cut off"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
        pytest.param('{"a":\n' + "9" * 5000 + "}", "line 2: 9{19}… is a whole number", id="digits"),
        pytest.param('{"a": 9223372036854775808}', "too large for any column", id="64 bits"),
        pytest.param('{"a": 1e999}', "1e999 is a number too large", id="infinite"),
        pytest.param('{"a": "NaN",\n"b": NaN}', "line 2: NaN is no number", id="nan"),
        pytest.param('{"a":\n\n"\\ud83d"}', r"line 3: \\ud83d is half a character", id="surrogate"),
        pytest.param("[1]", "a JSON object was expected", id="list"),
        pytest.param("null", "a JSON object was expected", id="null"),
    ],
)
def test_no_json(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ParamsError, match=message) as raised:
        read_json(path, ParamsError)
    assert raised.value.where == str(path)


def test_json(tmp_path):
    content = {"a": [1, -2.5, None, True, "Ä", chr(0x1F600), r"\ud83d"]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert read_json(tmp_path / "a.json") == content
    assert parse_json("[9223372036854775807]", where="a", top=list) == [2**63 - 1]
    assert parse_json("0.5", where="a", top=object) == 0.5


@pytest.mark.parametrize("mapped", [True, False])
def test_npy(tmp_path, mapped):
    for array in (np.arange(6.0).reshape(2, 3), np.zeros((0, 4), np.float16)):
        np.save(tmp_path / "a.npy", array)
        read = read_npy(tmp_path / "a.npy", mapped=mapped)
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)
        assert isinstance(read, np.memmap) == mapped


def npy_of(shape):
    content = {"descr": "<f8", "fortran_order": False, "shape": shape}
    head = repr(content).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(npy_of((2,)) + bytes(15), id="cut off"),
        pytest.param(npy_of((10**15,)), id="larger than any memory"),
        pytest.param(npy_of((-1,)), id="negative"),
        pytest.param(npy_of(("a",)), id="no shape"),
        pytest.param(b"\x93NUMPY\x01\x00\x05\x00((((\n", id="no head"),
        pytest.param(b"\x80\x04K\x01.", id="pickle"),
    ],
)
def test_no_npy(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    for mapped in (True, False):
        with pytest.raises(SchemaError, match=r"a\.npy: this is not a whole NPY file"):
            read_npy(tmp_path / "a.npy", mapped=mapped)


def test_no_npy_but_arrays_of_another_kind(tmp_path):
    np.savez(tmp_path / "a.npz", np.zeros(3))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.array([{}]), allow_pickle=True)
    for name in ("a.npy", "b.npy"):
        with pytest.raises(SchemaError, match="not a whole NPY file"):
            read_npy(tmp_path / name)


def test_npz(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.array(["u"]))
    read = read_npz(tmp_path / "a.npz", ["x"])
    assert {name: array.tolist() for name, array in read.items()} == {"x": [0, 1, 2], "y": ["u"]}
    with pytest.raises(SchemaError, match="z is missing"):
        read_npz(tmp_path / "a.npz", ["x", "z"])


def test_no_npz(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    path.touch()
    with pytest.raises(SchemaError, match="not a whole NPZ"):
        read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.txt", "no array")
    with pytest.raises(SchemaError, match=r"'x\.txt' is no array"):
        read_npz(path)
    np.savez_compressed(path, x=np.zeros(10**5))
    monkeypatch.setattr(foreign, "MAX_UNPACKED", 10**5)
    with pytest.raises(SchemaError, match="would take 800,128 bytes, more than the 100,000"):
        read_npz(path)


def safetensors(head, length=None):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


def test_safetensors(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors({"__metadata__": {"a": "b"}, "w": {}}))
    assert read_safetensors_metadata(path) == {"a": "b"}
    path.write_bytes(safetensors({}))
    assert read_safetensors_metadata(path) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "head is not whole", id="empty"),
        pytest.param(safetensors({}, 2**63), "head is not whole", id="longer than the file"),
        pytest.param(safetensors(b"\xff\xff"), "UTF-8", id="no text"),
        pytest.param(safetensors(b"{]"), "not JSON", id="no JSON"),
        pytest.param(safetensors([]), "a JSON object was expected", id="list"),
        pytest.param(safetensors({"__metadata__": [1]}), "no object of texts", id="no object"),
        pytest.param(safetensors({"__metadata__": {"a": 1}}), "no object of texts", id="number"),
    ],
)
def test_no_safetensors(tmp_path, content, message):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(SchemaError, match=message):
        read_safetensors_metadata(path)


def test_members_of_a_zip(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.txt", "text")
    assert [member.filename for member in zip_members(path)] == ["x.txt"]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(SchemaError, match=r"a\.zip: this is not a whole ZIP file .* Copy it again"):
        zip_members(path)


def test_every_fault_says_what_to_do():
    with pytest.raises(SchemaError) as error, parsing("a.npy", "an NPY file"):
        raise ValueError("it is cut")
    assert str(error.value).endswith("(it is cut). Copy it again, or make it anew.")
    with pytest.raises(SchemaError) as error, parsing("a.npy", "an NPY file", remedy="Draw it."):
        raise RecursionError
    assert str(error.value).endswith("(nested too deeply). Draw it.")


def test_a_process_without_handles_is_no_fault_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text("{}")

    def refuse(_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        read_json(tmp_path / "a.json")


def test_json_values_one_behind_the_other():
    values = parse_json_values('{"a": NaN}\n[1,\n 2]  "x", 3\n', where="a")
    assert values == [{"a": None}, [1, 2], "x", 3]
    assert parse_json_values(" \n", where="a") == []
    with pytest.raises(SchemaError, match=r"a: this is not JSON \(Expecting.*line 2"):
        parse_json_values('{"a": 1}\n{"b": ', where="a")


def test_xml_is_read_without_entities(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text('<?xml version="1.0"?><a><b c="1"/></a>')
    assert read_xml(path).find("b").get("c") == "1"
    path.write_bytes('<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'.encode("utf-16"))
    with pytest.raises(SchemaError, match="declares entities"):
        read_xml(path)
    path.write_text("<a>")
    with pytest.raises(SchemaError, match="this is not XML"):
        read_xml(path)
