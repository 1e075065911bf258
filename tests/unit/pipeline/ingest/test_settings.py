import pytest
from pydantic import ValidationError

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.ingest.settings import Ingest


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("seed", -1, id="seed"),
        pytest.param("val_share", 0, id="nobody in validation"),
        pytest.param("val_share", 1, id="nobody in training"),
        pytest.param("tuning_share", 1.5, id="more than all"),
        pytest.param("egd_shares", [0.7, 0.2, 0.2], id="more than all of EGD"),
        pytest.param("egd_shares", [0.8, 0.2], id="two shares"),
        pytest.param("egd_shares", [0.8, 0.2, 0], id="an empty split"),
        pytest.param("audio_offset_s", "late", id="no number"),
        pytest.param("audio_offset", 0.5, id="unknown key"),
    ],
)
def test_values_out_of_range_are_refused_by_name(key, value):
    values = load_params().ingest.model_dump() | {key: value}
    with pytest.raises(ValidationError, match=key):
        Ingest(**values)
