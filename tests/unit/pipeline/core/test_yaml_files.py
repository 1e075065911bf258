import dataclasses
from datetime import date
from itertools import pairwise
from typing import Literal

import click
import pytest
import yaml
from click.testing import CliRunner

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError, ManifestError, ParamsError, RuleError
from gazescribe.pipeline.core.yaml_files import (
    LOADER,
    Strict,
    check,
    load_yaml,
    option_of,
    override,
    read_yaml,
)


class Wheel(Strict):
    inches: float


@dataclasses.dataclass(frozen=True)
class Saddle:
    height: int


class Bicycle(Strict):
    wheels: list[Wheel]
    brake: Literal["rim", "disc"] = "rim"
    saddle: Saddle | None = None


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "bicycle.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_file_becomes_a_model(file):
    bicycle = read_yaml(file("wheels: [{inches: 26}]\nsaddle: {height: 90}"), Bicycle, RuleError)
    assert bicycle == Bicycle(wheels=[Wheel(inches=26)], saddle=Saddle(90))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: 1\nb: [x, 2.5, null, true, 'no']", id="plain"),
        pytest.param("a: &x {b: 1e-3}\nc: {<<: *x, d: 2020-01-02}", id="merge and date"),
        pytest.param("Ähre: |\n  two\n  lines\n", id="text"),
        pytest.param("", id="empty"),
    ],
)
def test_the_fast_loader_reads_the_same(file, text):
    assert load_yaml(file(text), RuleError) == yaml.load(text, yaml.SafeLoader)


def test_the_fast_loader_is_used_where_there_is_one():
    assert LOADER is (yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("a: 1\nb: [1\nc: 2\n", r"line 3, column 2", id="no end of a list"),
        pytest.param("a: 1\n b: 2\n", r"line 2: the line above has a value", id="indented"),
        pytest.param("a: 1\n\tb: 2\n", r"line 2: it begins with a tab", id="tab"),
        pytest.param("a: *x", r"undefined alias 'x'", id="alias"),
        pytest.param("!!python/object/apply:os.getcwd []", "could not determine", id="code"),
        pytest.param(b"a: \xff", "can't decode byte 0xff", id="no text"),
    ],
)
def test_no_yaml(file, content, message):
    path = file(content)
    with pytest.raises(ManifestError, match=r"this is not YAML") as raised:
        load_yaml(path, ManifestError)
    assert raised.match(message)
    assert raised.value.where == str(path)


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("[" * 200_000, "line 1: nested deeper than 50", id="the C parser crashes"),
        pytest.param("a: 1\nb: " + "{a: " * 99 + "1" + "}" * 99, "line 2: nested", id="deep"),
        pytest.param("a: 1\nb: {? [1] : 2}", "line 2: a key must be a word", id="list as key"),
        pytest.param("a: &a [*a]", "line 1: this anchor is used inside of itself", id="itself"),
        pytest.param("a: &a {<<: *a}", "used inside of itself", id="merged into itself"),
        pytest.param(LAUGHS, "line 5: its anchors unfold to 66,430 values", id="laughs"),
        pytest.param("a: 1\nb: 2020-13-45", "line 2: month must be in", id="no date"),
        pytest.param("a: 1\nb: !!bool x", "line 2: 'x'", id="no boolean"),
        pytest.param(f"a: {'9' * 5000}", "line 1: Exceeds the limit", id="digits"),
        pytest.param('a: "\\ud800"', "invalid Unicode character escape", id="surrogate"),
    ],
)
def test_yaml_that_nobody_writes(file, content, message):
    with pytest.raises(ParamsError, match=message) as raised:
        load_yaml(file(content), ParamsError)
    assert len(str(raised.value)) < 500


def test_keys_given_twice(file):
    with pytest.raises(ParamsError, match="keys are given twice") as raised:
        load_yaml(file("a: 1\nb: {c: 1, c: 2}\na: 2"), ParamsError)
    assert raised.value.faults == (
        "line 3: 'a' stands in line 1, too",
        "line 2: 'c' stands in line 2, too",
    )


def test_anchors_may_be_repeated(file):
    text = "a: &a {b: 1}\nc: {<<: *a, b: 2}\nd: [*a, *a]"
    assert load_yaml(file(text), ParamsError) == yaml.load(text, yaml.SafeLoader)


def test_messages_do_not_depend_on_the_loader(file):
    text = "a: 1\nb: [1\nc: 2\n"
    with pytest.raises(yaml.YAMLError) as pure:
        yaml.load(text, yaml.SafeLoader)
    with pytest.raises(RuleError) as raised:
        load_yaml(file(text), RuleError)
    assert str(pure.value) in str(raised.value)


def test_no_file(tmp_path):
    with pytest.raises(RuleError, match=r"there is no such file\. Give one\."):
        load_yaml(tmp_path / "none.yaml", RuleError, "Give one.")
    with pytest.raises(ParamsError, match="there is no such file"):
        read_yaml(tmp_path / "none.yaml", Bicycle, ParamsError)


def test_an_empty_file(file):
    with pytest.raises(ParamsError, match="the file is empty"):
        read_yaml(file("# nothing\n"), Bicycle, ParamsError)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param([], r"the file must have keys of its own \(wheels.*found \[\]", id="a list"),
        pytest.param({}, "wheels is missing", id="missing"),
        pytest.param(
            {"wheels": [], "break": "rim"},
            r"break is unknown; the nearest is brake \(known: wheels, brake, saddle\)",
            id="unknown",
        ),
        pytest.param(
            {"wheels": [{"inches": 26}, {"inches": 26, "inch": 1}]},
            r"wheels.1.inch is unknown; the nearest is inches \(known: inches\)",
            id="unknown in a list",
        ),
        pytest.param(
            {"wheels": [], "saddle": {"height": 1, "hight": 2}},
            r"saddle.hight is unknown; the nearest is height \(known: height\)",
            id="unknown in a dataclass",
        ),
        pytest.param({"wheels": [{"inches": float("nan")}]}, "wheels.0.inches: .*nan", id="nan"),
        pytest.param({"wheels": [], "brake": "drum"}, "brake: .*'disc'.*, found 'drum'", id="word"),
    ],
)
def test_faults(content, fault):
    with pytest.raises(
        RuleError, match=r"x\.yaml: this does not say what it must\. Mend"
    ) as raised:
        check(content, Bicycle, RuleError, where="x.yaml", remedy="Mend it.")
    assert len(raised.value.faults) == 1
    assert raised.match(fault)


def test_all_faults_at_once():
    with pytest.raises(RuleError) as raised:
        check({"wheel": 1, "brake": 2}, Bicycle, RuleError, where="x")
    assert [fault.split()[0] for fault in raised.value.faults] == ["wheels", "brake:", "wheel"]


def test_override():
    section = load_params().associate
    assert override(section, lag_s=2.0, end=None).lag_s == 2
    assert override(section, end=None) == section
    with pytest.raises(ParamsError, match=r"(?s)options: .*lag_s: .*found -2\.0"):
        override(section, lag_s=-2.0)
    with pytest.raises(ParamsError, match="lag is unknown; the nearest is lag_s"):
        override(section, lag=2.0)


def test_a_key_is_named_as_the_option_that_sets_it():
    @click.command()
    @click.option("--lag", "lag_s")
    def command(lag_s):
        click.echo(f"{option_of('lag_s')} {option_of('sigma_deg')} {lag_s}")

    assert CliRunner().invoke(command, ["--lag", "x"]).output == "--lag sigma_deg x\n"
    assert option_of("lag_s") == "lag_s"


def test_each_reader_has_values_of_its_own(file):
    path = file("a: [1]\nday: 2020-01-02")
    load_yaml(path, ParamsError)["a"].append(2)
    assert load_yaml(path, ParamsError) == {"a": [1], "day": date(2020, 1, 2)}


def test_a_file_that_changes_is_read_anew(file):
    assert load_yaml(file("a: 1"), ParamsError) == {"a": 1}
    assert load_yaml(file("a: 2"), ParamsError) == {"a": 2}


def test_faults_name_their_lines_in_order(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("inner:\n  number: many\nlist:\n  - 1\n  - two\nnme: 3\n")

    class Inner(Strict):
        number: int

    class Outer(Strict):
        name: str
        inner: Inner
        list: list[int]

    with pytest.raises(GazeError) as caught:
        read_yaml(path, Outer, GazeError)
    starts = [fault.split(": ")[:2] for fault in caught.value.faults]
    assert starts == [
        ["name is missing"],
        ["line 2", "inner.number"],
        ["line 5", "list.1"],
        ["line 6", "nme is unknown; the nearest is name (known"],
    ]


def test_questions_are_asked_again(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text('inner:\n  number: !ask how many?\nlist: [1, !ask "", 2]\n')
    with pytest.raises(GazeError, match="questions are open") as caught:
        load_yaml(path, GazeError)
    assert caught.value.faults == (
        "line 2: inner.number: how many?",
        "line 3: list.1: what is it?",
    )


@pytest.mark.parametrize(
    "text", ["on", "Yes", "no", "010", "0x10", "1_000", "1:30", "2024-05-01", ".inf", "off"]
)
def test_texts_may_be_kept_as_they_are_written(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(f"a: {text}\n1: 2\n{text}: 1.5\n")
    assert load_yaml(path, ParamsError, as_written=True) == {"a": text, "1": 2, text: 1.5}
    assert load_yaml(path, ParamsError)["a"] != text


def test_plain_numbers_and_truths_stay_what_they_are(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "base: &base {a: true, b: False}\nc: {<<: *base, n: -7, x: 1.5, m: ~, q: '5'}\n"
    )
    merged = {"a": True, "b": False, "n": -7, "x": 1.5, "m": None, "q": "5"}
    assert load_yaml(path, ParamsError, as_written=True)["c"] == merged
