import pytest

from tests.unit.pipeline.ingest.reflacx.reflacx_tree import ReflacxTree


@pytest.fixture
def reflacx_tree(tmp_path):
    """Give an empty REFLACX tree in `tmp_path/reflacx`."""
    return ReflacxTree(tmp_path / "reflacx")
