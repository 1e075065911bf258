import pytest
import yaml

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.dictation.label_maps import (
    LabelMap,
    load_certainty_map,
    load_column_map,
    load_label_map,
)
from gazescribe.pipeline.sources.loading import load_manifest

CHANNELS = ("Left", "Right")
GOOD = {"channels": list(CHANNELS), "labels": {"Hand": ["Right", "Left"], "head": []}}


@pytest.fixture
def rules(tmp_path):
    def write(content, name="labels.yaml"):
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            text = content if isinstance(content, str) else yaml.safe_dump(content)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


def test_channels_come_in_channel_order(rules):
    assert load_label_map(rules(GOOD)) == LabelMap(
        CHANNELS, {"hand": ("Left", "Right"), "head": ()}
    )


@pytest.mark.parametrize(
    ("label", "channels"),
    [
        pytest.param("hand", CHANNELS, id="class"),
        pytest.param("  HAND ", CHANNELS, id="class in capitals"),
        pytest.param("head", (), id="class without channel"),
        pytest.param("left", ("Left",), id="channel"),
    ],
)
def test_channels_of(rules, label, channels):
    assert load_label_map(rules(GOOD)).channels_of(label) == channels


@pytest.mark.parametrize(
    ("label", "near"),
    [("hnd", "; the nearest is hand"), ("rihgt", "; the nearest is Right"), ("", ""), ("日本", "")],
)
def test_unknown_label(rules, label, near):
    with pytest.raises(RuleError, match=rf"no label '{label}'{near}\."):
        load_label_map(rules(GOOD)).channels_of(label)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(GOOD | {"colours": []}, "unknown key 'colours'", id="key"),
        pytest.param(GOOD | {"channels": []}, "channels must be a list of names", id="none"),
        pytest.param(GOOD | {"channels": ["Left", 3]}, "must be a list of names", id="number"),
        pytest.param(
            GOOD | {"channels": ["Left", "Right", "left"]}, "channel is named twice", id="twice"
        ),
        pytest.param({"channels": ["Left"]}, "labels must map each class", id="no labels"),
        pytest.param(
            GOOD | {"labels": {"hand": ["Up"]}},
            "'hand' names the unknown channel 'Up'",
            id="channel",
        ),
        pytest.param(
            GOOD | {"labels": {"hand": "Left"}}, "'hand' must be a name with a list", id="no list"
        ),
        pytest.param(GOOD | {"labels": {7: []}}, "7 must be a name with a list", id="no name"),
        pytest.param(
            GOOD | {"labels": {"hand": [], "Hand": []}}, "'hand' is named twice", id="class twice"
        ),
        pytest.param("- Left", "a mapping was expected", id="list"),
        pytest.param("a: [", "this is not YAML", id="no yaml"),
        pytest.param(b"\xff\xfe\x00", "this is not YAML", id="no text"),
    ],
)
def test_label_maps_that_cannot_be_meant(rules, content, message):
    with pytest.raises(RuleError, match=message) as raised:
        load_label_map(rules(content))
    assert raised.value.where.endswith("labels.yaml")


def test_all_faults_at_once(rules):
    with pytest.raises(RuleError) as raised:
        load_label_map(
            rules({"channels": ["Left", "left"], "labels": {"a": ["Up", "Down"]}, "x": 1})
        )
    assert len(raised.value.faults) == 4


def test_no_folder(tmp_path):
    with pytest.raises(RuleError, match=r"labels\.yaml: there is no such file\. Give a rules"):
        load_label_map(tmp_path)


def test_column_map(rules):
    columns = {"mine": {"A": ["Right", "Left"], "B": []}, "yours": {"A": ["Up"]}}
    folder = rules(columns, "columns.yaml")
    assert load_column_map("mine", CHANNELS, folder) == {"A": CHANNELS, "B": ()}
    assert load_column_map("nobody's", CHANNELS, folder) == {}
    with pytest.raises(RuleError, match=r"(?s)cannot be used.*'A' names the unknown channel 'Up'"):
        load_column_map("yours", CHANNELS, folder)


def test_column_map_of_another_form(rules):
    with pytest.raises(RuleError, match="mine must map columns to lists of channels"):
        load_column_map("mine", CHANNELS, rules({"mine": ["A"]}, "columns.yaml"))


@pytest.mark.parametrize("dataset", ["reflacx", "egd", "mimic-cxr-jpg"])
def test_shipped_columns_reach_all_ten_but_where_a_data_set_has_none(dataset):
    channels = load_label_map().channels
    columns = load_column_map(dataset, channels)
    assert set(channels) == {channel for reached in columns.values() for channel in reached}


def test_certainty_map(rules):
    folder = rules({"reflacx": {"Fist": ["Hand", "thumb"]}}, "certainties.yaml")
    assert load_certainty_map("reflacx", ("hand", "thumb"), folder) == {"Fist": ("hand", "thumb")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"reflax": {}}, "unknown key 'reflax'; known: reflacx, egd", id="key"),
        pytest.param({"egd": {"A": ["hand"]}}, "reflacx must map columns", id="no columns"),
        pytest.param({"reflacx": ["hand"]}, "reflacx must map columns", id="list"),
        pytest.param({"reflacx": {"A": "hand"}}, "'A' must be a name with a list", id="text"),
        pytest.param({"reflacx": {"A": []}}, "'A' must be a name with a list", id="empty"),
        pytest.param({"reflacx": {3: ["hand"]}}, "3 must be a name with a list", id="number"),
        pytest.param(
            {"reflacx": {"A": ["hnd"]}},
            "'A' names the unknown class 'hnd'; the nearest is hand",
            id="class",
        ),
    ],
)
def test_certainty_maps_that_cannot_be_meant(rules, content, message):
    with pytest.raises(RuleError, match=f"(?s)certainties.yaml.*cannot be used.*{message}"):
        load_certainty_map("reflacx", ("hand", "head"), rules(content, "certainties.yaml"))


def test_shipped_certainties_are_those_of_the_manifest():
    classes = tuple(load_label_map().targets)
    columns = load_certainty_map("reflacx", classes)
    stated = [labels.certainty for labels in load_manifest("reflacx").labels.values()]
    assert len(stated[1]) == 14
    assert set(columns) == {name for names in stated for name in names}
    served = {name for names in columns.values() for name in names}
    assert set(classes) - served == {"opacity", "quality issue", "support devices"}
