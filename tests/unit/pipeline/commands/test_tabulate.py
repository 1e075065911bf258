"""Options of `tabulate`; tables and figures are in `results/`."""

import pytest

from tests.running import invoke


@pytest.mark.parametrize(
    ("network", "option", "owner"),
    [
        pytest.param("mil", "--models", "cooperative", id="models"),
        pytest.param("cooperative", "--heatmaps", "mil", id="heatmaps"),
        pytest.param("cooperative", "--rules", "mil", id="rules"),
    ],
)
def test_an_option_of_the_other_network_is_refused(tmp_path, network, option, owner):
    result = invoke("tabulate", network, tmp_path, tmp_path / "out", option, tmp_path)
    assert result.exit_code == 2
    assert f"{option} is an option of {owner}, not of {network}" in result.output
