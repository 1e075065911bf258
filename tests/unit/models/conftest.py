from functools import cache

import pytest
from lightning_fabric.utilities import registry


@pytest.fixture(scope="session", autouse=True)
def packages_read_once():
    """For each trainer Lightning reads what all installed packages offer: a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "entry_points", cache(registry.entry_points))
        yield
