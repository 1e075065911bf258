import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.dictation.places import SIDES, ZONES, load_places


@pytest.mark.parametrize(
    ("sentence", "side", "zone"),
    [
        pytest.param("Left lower lobe opacity.", "left", "lower", id="side and zone"),
        pytest.param("bibasilar atelectasis", "both", "lower", id="both in one word"),
        pytest.param("opacity of the left and right apex", "both", "upper", id="left and right"),
        pytest.param("right upper and lower lobe", "right", "", id="two zones"),
        pytest.param("the heart is enlarged", "", "", id="none"),
        pytest.param("bright basement", "", "", id="parts of words"),
    ],
)
def test_place_of_a_sentence(sentence, side, zone):
    place = load_places().place_of(sentence)
    assert (SIDES[place[0]], ZONES[place[1]]) == (side, zone)


def test_phrases_are_refused(tmp_path):
    text = resource("rules/places.yaml").read_text()
    (tmp_path / "places.yaml").write_text(text.replace("[upper,", '["upper lobe", up per,'))
    with pytest.raises(RuleError) as refused:
        load_places(tmp_path)
    assert list(refused.value.faults) == [
        "zones.upper: 'upper lobe' must be one word",
        "zones.upper: 'up per' must be one word",
    ]
