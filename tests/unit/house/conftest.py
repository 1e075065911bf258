"""The folder that docs/tutorial.md fills: the other pages and the gallery go on from there."""

import shutil

import pytest

from tests.conftest import ROOT
from tests.documentation import run_blocks


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A folder with the project's data files, and what the tutorial makes."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "params.yaml", folder)
    for name in ("params", "rules", "data_manifests"):
        shutil.copytree(ROOT / name, folder / name)
    run_blocks(ROOT / "docs" / "tutorial.md", folder)
    return folder
