"""Parameters in help texts: the values that hold where the help is asked for."""

import shutil

import pytest

from tests.conftest import ROOT
from tests.running import gazescribe


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "params", tmp_path / "params")
    return tmp_path


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def said(command):
    return " ".join(gazescribe(command, "--help").split())


def test_an_option_names_its_parameter_and_what_holds_here(project):
    assert "seconds. [default: 1.5 (associate.lag_s)]" in said("associate")
    edit(project / "params.yaml", "lag_s: 1.5              # s, ≥ 0; w", "lag_s: 2.5  # w")
    assert "seconds. [default: 2.5 (associate.lag_s)]" in said("associate")


def test_the_profile_wins(project):
    edit(project / "params.yaml", "profile: demo ", "profile: published ")
    assert "[default: published (tune.thresholds)]" in said("tune")


def test_parameters_without_an_option_are_listed(project):
    printed = said("ingest")
    assert "Parameters, section ingest of params.yaml:" in printed
    assert "quality.max_gap_s null" in printed
    assert "egd_shares [0.7, 0.1, 0.2]" in printed


def test_an_option_with_a_default_of_its_own_keeps_it(project):
    printed = said("render")
    assert "model pixels. [default: native]" in printed
    assert " size 512" not in printed


def test_faulty_parameters_do_not_keep_help_away(project):
    edit(project / "params.yaml", "lag_s: 1.5              # s, ≥ 0; w", "lag: 1.5  # w")
    printed = said("associate")
    assert "Delay of that rule, seconds. --end" in printed
    assert "Parameters, section" not in printed


def test_commands_that_take_addresses_say_so():
    assert "object store: s3://bucket/folder. Options:" in said("heatmaps")
    assert "s3://" not in said("doctor")
