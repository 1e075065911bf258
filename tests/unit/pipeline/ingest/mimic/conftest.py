import json

import pytest

from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.unit.pipeline.ingest.mimic.mimic_tree import MANIFEST, SETTINGS, MimicTree


@pytest.fixture
def tree(tmp_path):
    return MimicTree(tmp_path / "physionet.org" / "files" / "mimic-cxr-jpg" / "2.0.0")


@pytest.fixture
def ingested(tree, tmp_path):
    """Ingest what the test has put in its tree; give a reader of tables and the summary."""

    def run(suffix=".csv", options=None):
        out = tmp_path / "tables"
        ingest_tree(tree.finish(suffix), out, MANIFEST, SETTINGS, options or IngestOptions())
        summary = json.loads((out / "ingest.json").read_text())
        return lambda name: read_table(out, name).to_pylist(), summary

    return run
