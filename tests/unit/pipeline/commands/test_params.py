import pytest
import yaml

from gazescribe.pipeline.commands.params import load_params, load_profile, overridden, size_of
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource, shipped
from tests.conftest import ROOT
from tests.running import invoke


@pytest.fixture
def content():
    return yaml.load(resource("params.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


@pytest.fixture
def load(tmp_path):
    def write_and_load(content):
        path = tmp_path / "params.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return load_params(path)

    return write_and_load


def test_the_shipped_file_has_the_papers_values():
    params = load_params()
    assert params.associate.model_dump() == {
        "method": "window",
        "unit": "sentence",
        "start": "startofsentence",
        "lag_s": 1.5,
        "end": "lastmention",
        "mention_time": "start",
        "trailing_text": "sentence",
        "uncertain_opens": True,
        "sigma_deg": 1.0,
    }
    assert (params.heatmaps.size, params.heatmaps.amplitude) == (512, "mass")
    assert (params.heatmaps.min_certainty, params.heatmaps.saliency_from) == (3, "fixations")


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        pytest.param(
            "associate", "lags_s", 1, "associate.lags_s is unknown; the nearest is lag_s", id="key"
        ),
        pytest.param("associate", "lag_s", -1, "associate.lag_s: .*equal to 0, found -1", id="lag"),
        pytest.param("associate", "lag_s", "soon", "lag_s: .*number.*, found 'soon'", id="text"),
        pytest.param("associate", "lag_s", float("inf"), "lag_s: .*finite.*found inf", id="inf"),
        pytest.param("associate", "sigma_deg", 0, "sigma_deg: .*than 0, found 0", id="sigma"),
        pytest.param(
            "associate", "end", "never", "end: .*'lastmention'.*, found 'never'", id="end"
        ),
        pytest.param("heatmaps", "amplitude", None, "amplitude: .*found None", id="null"),
        pytest.param("heatmaps", "min_certainty", 6, "equal to 5, found 6", id="certainty"),
    ],
)
def test_values_out_of_range(load, content, section, key, value, message):
    content[section][key] = value
    with pytest.raises(ParamsError, match=message) as raised:
        load(content)
    assert raised.value.where.endswith("params.yaml")


def test_all_faults_at_once(load, content):
    del content["associate"]["unit"]
    content["heatmap"] = content.pop("heatmaps")
    with pytest.raises(ParamsError) as raised:
        load(content)
    faults = "\n".join(raised.value.faults)
    assert len(raised.value.faults) == 3
    assert "associate.unit is missing" in faults
    assert "heatmap is unknown; the nearest is heatmaps" in faults
    assert "heatmaps is missing" in faults
    assert str(shipped("params.yaml")) in raised.value.remedy  # of an older version, say


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "this is not YAML", id="no yaml"),
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("- 1", "does not say what it must", id="list"),
        pytest.param("!!python/object/apply:os.getcwd []", "this is not YAML", id="python object"),
    ],
)
def test_files_that_are_no_parameters(load, text, message):
    with pytest.raises(ParamsError, match=message):
        load(text)


def test_no_file(tmp_path):
    with pytest.raises(ParamsError, match="there is no such file"):
        load_params(tmp_path / "none.yaml")


def test_the_working_folder_comes_first(tmp_path, monkeypatch, content):
    content["associate"]["lag_s"] = 2.25
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.chdir(tmp_path)
    assert load_params().associate.lag_s == 2.25
    (tmp_path / "params.yaml").unlink()
    assert load_params().associate.lag_s == 1.5


def test_sections_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load_params().associate.lag_s = 3


@pytest.mark.parametrize("debug", [False, True])
def test_a_command_names_the_nearest_key(tmp_path, content, debug):
    content["associate"]["mentoin_time"] = "end"
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    options = ("--window", 0, "--reading", "R1", "--params", path, *["--debug"] * debug)
    result = invoke("render", tmp_path, tmp_path / "map.npy", *options)
    assert result.exit_code == 2
    assert "mentoin_time is unknown; the nearest is mention_time" in result.output
    assert ("Traceback" in result.output) == debug


@pytest.fixture
def load_with(tmp_path, content):
    """Load with these overrides in the profile, beside the parameters."""

    def write_and_load(**overrides):
        profile = yaml.load(resource("params/demo.yaml").read_text(), yaml.CSafeLoader)
        profile["overrides"] |= overrides
        (tmp_path / "params").mkdir()
        (tmp_path / "params" / "demo.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
        return load_params(tmp_path / "params.yaml")

    return write_and_load


def test_what_a_profile_sets_otherwise_wins(load_with, content, tmp_path):
    augment = {"interpolation": "nearest"}
    variants = {"mine": {"decoder": False}}
    params = load_with(associate={"lag_s": 2.5}, mil={"augment": augment, "variants": variants})
    assert params.associate.lag_s == 2.5
    assert params.associate.end == content["associate"]["end"]
    assert params.mil.augment.interpolation == "nearest"
    assert params.mil.augment.degrees == content["mil"]["augment"]["degrees"]
    assert params.mil.variants == {**content["mil"]["variants"], **variants}
    assert overridden(load_profile("demo", tmp_path / "params.yaml")) == {
        "associate.lag_s": 2.5,
        "mil.augment.interpolation": "nearest",
        "mil.variants.mine.decoder": False,
    }


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        pytest.param({"associate": {"lags_s": 1}}, "lags_s is unknown; .* is lag_s", id="key"),
        pytest.param({"associate": {"lag_s": -1}}, "lag_s: .*found -1", id="value"),
        pytest.param({"mil": {"normalise": 2}}, "mil.normalise: .*found 2", id="network"),
        pytest.param({"asociate": {}}, "asociate is unknown; .* is associate", id="section"),
        pytest.param({"label": {}}, "overrides.label is unknown", id="no such section"),
    ],
)
def test_what_a_profile_sets_is_checked(load_with, overrides, message):
    with pytest.raises(ParamsError, match=message) as raised:
        load_with(**overrides)
    assert "params/demo.yaml" in str(raised.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(None, None, id="not-given"),
        pytest.param("640x512", "640x512", id="a-size"),
        pytest.param("mil", "64x64", id="a-network-of-the-demo-profile"),
        pytest.param("cooperative", "64x64", id="the-other"),
    ],
)
def test_a_network_stands_for_the_size_of_its_images(given, expected):
    path = ROOT / "params.yaml"
    assert size_of(given, load_params(path), path) == expected


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        pytest.param(
            {"samples_alone": ["lab", "egd"]},
            "egd stands twice in `datasets` and `samples_",
            id="both",
        ),
        pytest.param({"datasets": ["lab", "egd", "lab"]}, "lab stands twice in `datas", id="twice"),
        pytest.param(
            {"radiographs": ["lab"]}, "`radiographs` names lab, which is in neit", id="none"
        ),
        pytest.param({"radiographs": ["egd", "egd"]}, "`radiographs` names egd twice", id="fitted"),
        pytest.param({"pages_of": ["lists"]}, "`pages_of` must be .. beside the sta", id="pages"),
    ],
)
def test_lists_of_which_dvc_would_speak_of_overlapping_outputs(load, content, lists, message):
    with pytest.raises(ParamsError, match=message):
        load(content | lists)
