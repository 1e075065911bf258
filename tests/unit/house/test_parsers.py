"""Who may call a parser: the loaders of `pipeline/core`, and whoever does it in `parsing`."""

import ast

import pytest

from tests.unit.house.test_rooms import FILES, relative

PARSERS = {
    "json.load",
    "json.loads",
    "yaml.load",
    "yaml.safe_load",
    "yaml.compose",
    "yaml.parse",
    "np.load",
    "numpy.load",
    "np.loadtxt",
    "np.genfromtxt",
    "np.fromfile",
    "np.frombuffer",
    "torch.load",
    "load_file",  # of safetensors
    "safe_open",
    "pq.read_table",
    "pq.read_schema",
    "pq.read_metadata",
    "pq.ParquetFile",
    "feather.read_table",
    "csv.reader",
    "csv.DictReader",
    "csv.open_csv",  # of Arrow
    "csv.read_csv",
    "pyarrow.csv.read_csv",
    "pd.read_csv",
    "pd.read_parquet",
    "pd.read_json",
    "pd.read_excel",
    "dcmread",
    "pydicom.dcmread",
    "Image.open",
    "gzip.open",
    "gzip.decompress",
    "zlib.decompress",
    "zipfile.ZipFile",
    "tarfile.open",
    "h5py.File",
    "zarr.open_group",
    "struct.unpack",
    "pickle.load",
    "pickle.loads",
    "tomllib.load",
    "ElementTree.parse",
    "ParserCreate",
}
"""Calls that fail in ways of their own, as they are written in this project."""

LOADERS = {
    "pipeline/core/foreign.py",
    "pipeline/core/foreign_tables.py",
    "pipeline/core/text_files.py",
    "pipeline/core/yaml_files.py",
}
ALLOWED = {
    # Each line or cell is a fault of its own there, whose message must not show a report's text.
    ("pipeline/dictation/foreign_files.py", "json.loads"),
    ("pipeline/dictation/foreign_files.py", "csv.reader"),
    # Bytes as numbers of one byte, of any length: nothing in it can fail.
    ("pipeline/images/jpeg_blocks.py", "np.frombuffer"),
    ("pipeline/images/jpeg_header.py", "np.frombuffer"),
    # In the memory of this process, which packed it.
    ("pipeline/ingest/packets.py", "json.loads"),
    ("pipeline/ingest/packets.py", "zlib.decompress"),
    # What has just been written here is read as anybody would, without our own loaders.
    ("pipeline/export/open_again.py", "gzip.decompress"),
    ("pipeline/export/open_again.py", "pyarrow.csv.read_csv"),
    ("pipeline/export/open_again.py", "tarfile.open"),
    ("pipeline/export/open_again.py", "zipfile.ZipFile"),
    ("pipeline/export/open_again.py", "pq.ParquetFile"),
    ("pipeline/export/opened.py", "Image.open"),
    ("pipeline/export/open_again.py", "zarr.open_group"),
    ("pipeline/export/as_npz.py", "zipfile.ZipFile"),  # to write
    ("pipeline/export/as_tar.py", "tarfile.open"),  # to write
    ("pipeline/export/as_zarr.py", "zarr.open_group"),  # to write
    # In functions of which the only caller takes every exception.
    ("pipeline/images/reading.py", "Image.open"),
    ("pipeline/images/dicom.py", "dcmread"),
    ("pipeline/images/dicom.py", "np.frombuffer"),
    # Of its own temporary file.
    ("pipeline/windows/tune/curve_file.py", "np.frombuffer"),
    ("models/cooperative/networks.py", "load_file"),  # its own, which goes by `read_weights`
    ("pipeline/ingest/by_manifest/rows.py", "np.frombuffer"),  # of arrays that are filled there
    ("models/evaluating/run.py", "json.loads"),  # of a text made in the same line
    ("models/cooperative/splits.py", "csv.DictReader"),  # of a text; who reads the file parses it
}


def bare_calls(source):
    """Calls of parsers outside of `with parsing(…)` and of a `try` that takes every exception."""
    calls = []
    _look(ast.parse(source), calls, is_guarded=False)
    return calls


def _look(node, calls, *, is_guarded):
    if isinstance(node, ast.Call) and not is_guarded and _dotted(node.func) in PARSERS:
        calls.append(ast.unparse(node.func))
    for field, value in ast.iter_fields(node):
        is_inside = is_guarded or (field == "body" and _guards_body(node))
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                _look(child, calls, is_guarded=is_inside)
                # What follows `parsing(…)` in the same `with` is inside of it, too.
                is_inside = is_inside or _is_parsing(child)


def _dotted(node):
    """Give a name as it is written; nothing for what is called without one."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return getattr(node, "id", "")


def _is_parsing(node):
    if not isinstance(node, ast.withitem) or not isinstance(node.context_expr, ast.Call):
        return False
    return ast.unparse(node.context_expr.func) == "parsing"


def _guards_body(node):
    if isinstance(node, ast.With):
        return any(map(_is_parsing, node.items))
    if isinstance(node, ast.Try):
        types = [handler.type for handler in node.handlers if handler.type]
        return "Exception" in map(ast.unparse, types)
    return False


def test_a_bare_call_is_found_and_a_guarded_one_is_not():
    source = """
def f():
    with open(p) as file, parsing(p, "JSON"):
        json.load(file)
    with parsing(p, "PNG"), Image.open(p) as picture:
        pass
    with gzip.open(p) as file, parsing(p, "gzip"):
        pass
    try:
        torch.load(p)
    except Exception as error:
        json.loads(error)
    try:
        csv.reader(p)
    except ValueError:
        pass
"""
    assert bare_calls(source) == ["gzip.open", "json.loads", "csv.reader"]


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_parsers_are_called_by_loaders(path):
    name = relative(path)
    calls = [] if name in LOADERS else bare_calls(path.read_text(encoding="utf-8"))
    strangers = [call for call in calls if (name, call) not in ALLOWED]
    assert not strangers, "read it with pipeline/core/foreign.py and its like, or in parsing(…)"


@pytest.mark.parametrize(("name", "call"), sorted(ALLOWED))
def test_what_is_allowed_is_used(name, call):
    (path,) = [path for path in FILES if relative(path) == name]
    assert call in bare_calls(path.read_text(encoding="utf-8"))
