import pickle
import re
from pathlib import Path

import pytest

from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.ingest import protocol
from gazescribe.pipeline.ingest.by_manifest.reader import READER as OWN
from gazescribe.pipeline.ingest.egd.reader import READER as EGD
from gazescribe.pipeline.ingest.mimic.reader import READER as MIMIC
from gazescribe.pipeline.ingest.reflacx.reader import READER as REFLACX


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(REFLACX, id="reflacx"),
        pytest.param(EGD, id="egd"),
        pytest.param(MIMIC, id="mimic"),
        pytest.param(OWN, id="own"),
    ],
)
def test_each_reader_names_its_tables_and_travels_to_workers(reader):
    assert reader.tables
    assert set(reader.tables) <= set(TABLES)
    for function in (reader.read, reader.read_samples):
        assert pickle.dumps(function)  # by name: it must be importable


def test_readers_import_no_other_reader_and_only_the_driver_names_them():
    rooms = {"by_manifest", "egd", "mimic", "reflacx"}
    folder = Path(protocol.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        named = set(re.findall(r"pipeline\.ingest\.(\w+)\.", path.read_text(encoding="utf-8")))
        allowed = rooms if parts == ("run.py",) else {parts[0]}
        if parts[0] == "drafting":  # which drafts manifests for that reader
            allowed = {"by_manifest"}
        assert named & rooms <= allowed, path
