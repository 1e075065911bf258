import json

import pytest

from gazescribe.pipeline.formats.opening import open_recording


@pytest.fixture
def rows_of():
    """Rows of a table as dictionaries, by a reader's function."""

    def rows(read, path, table):
        names, pieces = read(path, table)
        return [
            dict(zip(names, row, strict=True))
            for piece in pieces
            for row in zip(*(piece.columns[name] for name in names), strict=True)
        ]

    return rows


@pytest.fixture
def rows(tmp_path):
    """Words of a text, or of what becomes JSON, by a reader's name: word, start, end and so on."""

    def read(reader, content, name="a.txt"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        names, pieces = open_recording(reader, path, "words")
        assert names[:3] == ["word", "start", "end"]
        return [row for piece in pieces for row in zip(*piece.columns.values(), strict=True)]

    return read
