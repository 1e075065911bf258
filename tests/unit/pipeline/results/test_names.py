import pytest

from gazescribe.pipeline.results.names import model_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("et", "ET"),
        ("et_light", "ET light"),
        ("et_degraded", "ET, degraded mentions"),
        ("ellipse_15", "Ellipse 15"),
        ("ablation_3_ellipse", "Ablation 3 ellipse"),
        ("mt_unet", "MT-UNet"),
        ("mine", "Mine"),
    ],
)
def test_models_have_the_names_of_their_papers(name, expected):
    assert model_name(name) == expected
