import pytest

from gazescribe.pipeline.ingest.drafting.units import named_unit, place_unit, stem_of, time_unit


@pytest.mark.parametrize(
    ("name", "stem", "unit"),
    [
        ("Start Time [ms]", "starttime", "ms"),
        ("start timestamp [ns]", "starttimestamp", "ns"),
        ("duration (seconds)", "duration", "s"),
        ("x_px", "x", "px"),
        ("Gaze point X [MCS px]", "gazepointx", None),
        ("start_time", "starttime", None),
        ("t", "t", None),
    ],
)
def test_names_with_their_units(name, stem, unit):
    assert (stem_of(name), named_unit(name)) == (stem, unit)


@pytest.mark.parametrize(
    ("table", "lengths", "unit"),
    [
        ("fixations", [0.2, 0.3, 0.5], "s"),
        ("fixations", [200, 300, 500], "ms"),
        ("fixations", [200_000, 300_000], "us"),
        ("fixations", [2e8, 3e8], "ns"),
        ("samples", [0.004] * 3, "s"),
        ("samples", [16.7] * 3, "ms"),
        ("samples", [1000] * 3, "us"),
        ("words", [350, 200], "ms"),
        ("fixations", [7], None),
        ("fixations", [0, -1], None),
    ],
)
def test_units_of_time_by_how_long_things_last(table, lengths, unit):
    assert time_unit(table, lengths)[0] == unit


def test_shares_and_per_cent_are_told_from_pixels():
    assert place_unit([0.2, 0.9, 0.5], [0.1, 1.02, 0.3])[0] == "share"
    assert place_unit([0.2, 900, 512], [0.1, 700, 300]) == (
        None,
        "x is 0.2 to 900, y is 0.1 to 700",
    )
    assert place_unit([20, 90], [0, 100])[0] == "percent"
    assert place_unit([], [])[0] is None
