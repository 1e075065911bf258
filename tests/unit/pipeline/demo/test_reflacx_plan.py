import pytest

from gazescribe.pipeline.demo.population import draw_cases
from gazescribe.pipeline.demo.reflacx_plan import EDGE_CASES, assign_edge_cases


@pytest.fixture(scope="module")
def readings():
    phases = draw_cases(600, 1, small=True).phases
    return [
        (phase, case)
        for phase, cases in phases.items()
        for case in cases
        for _ in range(5 if phase < 3 else 1)
    ]


def assign(seed, readings, rate):
    findings = [{lesion.finding for lesion in case.lesions} for _, case in readings]
    return assign_edge_cases(seed, [phase for phase, _ in readings], findings, rate)


def test_rates_are_those_stated(readings):
    given = assign(1, readings, 0.05)
    assert len(given) == len(readings)
    for name, edge in EDGE_CASES.items():
        able = sum(
            phase in edge.phases
            and (
                edge.finding in (None, "any")
                or any(lesion.finding == edge.finding for lesion in case.lesions)
            )
            for phase, case in readings
        )
        found = sum(name in names for names in given)
        assert found >= 1, name
        if name != "discarded" and edge.finding != "any":
            assert found == pytest.approx(0.05 * able, abs=1.5), name
    assert sum("discarded" in names for names in given) == round(20 / 3052 * 600)


def test_discarded_readings_are_early_and_have_nothing_else(readings):
    given = assign(1, readings, 0.2)
    found = [
        (phase, names)
        for (phase, _), names in zip(readings, given, strict=True)
        if "discarded" in names
    ]
    assert found
    assert all(phase in (1, 2) and names == {"discarded"} for phase, names in found)


def test_a_case_goes_only_where_it_can(readings):
    given = assign(1, readings, 0.2)
    for (phase, case), names in zip(readings, given, strict=True):
        for name in names:
            assert phase in EDGE_CASES[name].phases
            if EDGE_CASES[name].finding == "support devices":
                assert any(lesion.finding == "support devices" for lesion in case.lesions)


def test_the_seed_decides(readings):
    assert assign(1, readings, 0.05) == assign(1, readings, 0.05)
    assert assign(1, readings, 0.05) != assign(2, readings, 0.05)
