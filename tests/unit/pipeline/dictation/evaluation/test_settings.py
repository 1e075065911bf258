"""Section `evaluate_labels`."""

import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.dictation.evaluation.settings import REFERENCES, EvaluateLabels


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phase", 4),
        ("n_bootstrap", 0),
        ("confidence", 1),
        ("seed", -1),
        ("n_examples", -1),
    ],
)
def test_values_out_of_range_are_named(key, value):
    section = load_params().evaluate_labels.model_dump()
    check(section, EvaluateLabels, ParamsError, where="params.yaml")
    with pytest.raises(ParamsError) as raised:
        check({**section, key: value}, EvaluateLabels, ParamsError, where="params.yaml")
    assert raised.value.faults[0].startswith(key)


def test_the_first_reference_is_that_of_the_paper():
    """Table 4 of Lanfredi et al. counts any certainty above 0 as present."""
    assert next(iter(REFERENCES.items())) == ("certainty_above_0", 1)
