import dataclasses
import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from gazescribe.models.core.settings import Augment, Between, Training, values_of
from gazescribe.models.mil.settings import MilSize
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("value", "inside"),
    [(0, False), (0.1, True), (1, True), (1.1, False)],
)
def test_between(value, inside):
    assert (value in Between(0, 1, above=True)) == inside
    assert str(Between(0, 1, above=True)) == "more than 0 and at most 1"


def test_between_multiples():
    sides = Between(32, 4096, multiple_of=32)
    assert [side for side in (0, 32, 48, 4096, 4128) if side in sides] == [32, 4096]
    assert str(sides) == "at least 32 and at most 4096, a multiple of 32"
    with pytest.raises(ValueError, match=r"at least 32 .*a multiple of 32 expected"):
        sides.check(48)


def test_pydantic_reads_the_same_bounds():
    values = {"degrees": 181, "translate": -1, "scale_min": 0, "scale_max": 1}
    values["interpolation"] = "cubic"
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Augment).validate_python(values)
    assert {error["loc"]: error["type"] for error in raised.value.errors()} == {
        ("degrees",): "less_than_equal",
        ("translate",): "greater_than_equal",
        ("scale_min",): "greater_than",
        ("interpolation",): "literal_error",
    }


def test_the_smaller_scale_comes_first():
    with pytest.raises(ValueError, match="scale_min 2 is above scale_max 1"):
        Augment(0, 0, scale_min=2, scale_max=1, interpolation="nearest")


def test_values_of_a_parent():
    training = Training(2, 3, "32", channels_last=False, compile=False, workers=0, log="csv")
    size = MilSize(*dataclasses.astuple(training), "tiny", None, 64, None)
    assert values_of(size, Training) == dataclasses.asdict(training)


@pytest.mark.parametrize("system", ["mil", "cooperative"])
def test_settings_load_neither_torch_nor_pydantic(system):
    code = f"import sys, gazescribe.models.{system}.settings; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    modules = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert {"pydantic", "torch", "yaml", "annotated_types"} & set(modules.split()) == set()
    assert f"gazescribe.models.{system}.settings" in modules
