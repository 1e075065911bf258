"""Section `heatmaps`."""

import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.maps.settings import Heatmaps


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("amplitude", "area"),
        ("resize", "twice"),
        ("saliency_from", "words"),
        ("samples_sigma_px", 0),
        ("min_certainty", 0),
        ("min_certainty", 6),
    ],
)
def test_values_out_of_range_are_named(key, value):
    section = load_params().heatmaps.model_dump()
    check(section, Heatmaps, ParamsError, where="params.yaml")
    with pytest.raises(ParamsError) as raised:
        check({**section, key: value}, Heatmaps, ParamsError, where="params.yaml")
    assert raised.value.faults[0].startswith(key)
