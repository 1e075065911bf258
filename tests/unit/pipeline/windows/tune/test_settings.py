"""Section `tune`."""

import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.windows.tune.settings import Tune


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phases", []),
        ("phases", [4]),
        ("size", 0),
        ("thresholds", "some"),
        ("n_bootstrap", 0),
        ("confidence", 1),
        ("confidence", 0),
        ("seed", -1),
        ("soft", {"used": True, "shapes": ["cone"], "onsets_s": [1.0], "widths_s": [1.0]}),
        ("contrast", {"used": True, "strengths": [0]}),
        ("context", {"used": True, "weights": [-1.5]}),
    ],
)
def test_values_out_of_range_are_named(key, value):
    section = load_params().tune.model_dump()
    check(section, Tune, ParamsError, where="params.yaml")
    with pytest.raises(ParamsError) as raised:
        check({**section, key: value}, Tune, ParamsError, where="params.yaml")
    assert raised.value.faults[0].startswith(key)
