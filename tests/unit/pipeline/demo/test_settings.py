import pytest
from pydantic import ValidationError

from gazescribe.pipeline.demo.settings import Demo
from tests.planted import planted


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("readings", 0, id="no readings"),
        pytest.param("seed", -1, id="seed"),
        pytest.param("lag_s", 0.05, id="gaze never comes with the word"),
        pytest.param("lag_s", 10.5, id="lag longer than any sentence"),
        pytest.param("search_s", 0, id="no search"),
        pytest.param("wander_rate", 1, id="nothing looked at"),
        pytest.param("off_image_rate", 0.31, id="off the image"),
        pytest.param("miss_rate", 1, id="everything missed"),
        pytest.param("edge_case_rate", 0, id="no edge cases"),
        pytest.param("edge_case_rate", 0.21, id="too many edge cases"),
    ],
)
def test_values_out_of_range_are_refused_by_name(key, value):
    values = planted().model_dump() | {key: value}
    with pytest.raises(ValidationError, match=key):
        Demo(**values)


def test_edges_of_the_ranges_are_allowed():
    edges = {"readings": 1, "lag_s": 0.1, "off_image_rate": 0.3, "edge_case_rate": 0.2}
    assert Demo(**(planted().model_dump() | edges)).edge_case_rate == 0.2


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="lagg_s"):
        Demo(**planted().model_dump(), lagg_s=1.0)
