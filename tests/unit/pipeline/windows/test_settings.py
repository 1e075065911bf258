"""Section `associate`."""

import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.windows.settings import Associate


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("unit", "phrase"),
        ("start", "never"),
        ("lag_s", -0.1),
        ("lag_s", float("nan")),
        ("end", "never"),
        ("trailing_text", "keep"),
        ("uncertain_opens", "perhaps"),
        ("sigma_deg", 0),
        ("sigma_deg", float("inf")),
    ],
)
def test_values_out_of_range_are_named(key, value):
    section = load_params().associate.model_dump()
    check(section, Associate, ParamsError, where="params.yaml")
    with pytest.raises(ParamsError) as raised:
        check({**section, key: value}, Associate, ParamsError, where="params.yaml")
    assert raised.value.faults[0].startswith(key)
