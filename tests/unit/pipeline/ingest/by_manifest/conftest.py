import pytest

from tests.unit.pipeline.ingest.by_manifest.lab import Lab


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)
