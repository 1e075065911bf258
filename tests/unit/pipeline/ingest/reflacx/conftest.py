import pytest

from gazescribe.pipeline.ingest.run import ingest_tree
from tests.unit.pipeline.ingest.reflacx.ingested import MANIFEST, ONE, SETTINGS, Ingested


@pytest.fixture
def ingested(reflacx_tree, tmp_path):
    """Ingest what the test has put in its tree."""

    def run(settings=SETTINGS, options=ONE):
        root = reflacx_tree.finish()
        ingest_tree(root, tmp_path / "tables", MANIFEST, settings, options)
        return Ingested(tmp_path / "tables")

    return run
