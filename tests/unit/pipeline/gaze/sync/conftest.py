import pytest
import yaml

from gazescribe.pipeline.core.resources import resource
from tests.unit.pipeline.gaze.sync.dictations import egd_tree, write
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id


@pytest.fixture
def params(tmp_path):
    content = yaml.load(resource("params.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    content["sync"].update(n_bootstrap=60, smooth_s=1.0)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def both(tmp_path):
    """Tables with planted gaze, and the raw tree that has their sessions."""
    root = egd_tree(tmp_path / "raw" / "egd").finish()
    return write(tmp_path / "tables", name=dicom_id), root
