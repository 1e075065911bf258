import pytest

from gazescribe.pipeline.ingest.run import ingest_tree
from tests.unit.pipeline.ingest.egd.egd_tree import MANIFEST, EgdTree
from tests.unit.pipeline.ingest.egd.ingested import NO_OPTION, SETTINGS, Ingested


@pytest.fixture
def tree(tmp_path):
    return EgdTree(tmp_path / "egd-cxr" / "1.0.0")


@pytest.fixture
def ingested(tree, tmp_path):
    """Ingest what the test has put in its tree."""

    def run(settings=SETTINGS, options=NO_OPTION, *, finish=True):
        root = tree.finish() if finish else tree.root
        ingest_tree(root, tmp_path / "tables", MANIFEST, settings, options)
        return Ingested(tmp_path / "tables")

    return run
