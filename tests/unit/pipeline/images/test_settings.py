"""Section `images`."""

import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.images.settings import Images


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", "png"),
        ("resize", "twice"),
        ("size", None),
    ],
)
def test_values_out_of_range_are_named(key, value):
    section = load_params().images.model_dump()
    check(section, Images, ParamsError, where="params.yaml")
    with pytest.raises(ParamsError) as raised:
        check({**section, key: value}, Images, ParamsError, where="params.yaml")
    assert raised.value.faults[0].startswith(key)
