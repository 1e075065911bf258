import gzip

import pytest

from gazescribe.pipeline.core.text_files import encoding_of, read_head, text_lines

TEXT = "Gerät\tZeit\r\nä\t1,5\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_encodings_of_recorders(tmp_path, encoding):
    path = tmp_path / "a.tsv"
    path.write_bytes(TEXT.encode(encoding))
    assert list(text_lines(path)) == TEXT.splitlines(keepends=True)


def test_gzipped_files(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert "".join(text_lines(path)) == TEXT
    assert read_head(path) == TEXT.encode()


def test_a_character_that_the_head_cuts():
    assert encoding_of("aä".encode()[:-1]) == "utf-8"
