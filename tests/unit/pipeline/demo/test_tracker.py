import numpy as np
import pytest

from gazescribe.pipeline.demo.tracker import (
    CALIBRATION,
    COLUMNS,
    SAMPLE_S,
    Presentation,
    display_of,
    record,
)

# Three fixations; the gap before the third, 0.3 s, is a blink.
ONSET_S, OFFSET_S = np.array([0.1, 0.42, 1.0]), np.array([0.4, 0.7, 1.5])
ACROSS, DOWN = np.array([0.5, 0.6, 0.6]), np.array([0.5, 0.5, 0.4])


@pytest.fixture(scope="module")
def recorded():
    shown = Presentation("some-id", CALIBRATION, ONSET_S, OFFSET_S, ACROSS, DOWN, 3, 2, 7, 1000)
    return record(np.random.default_rng(0), shown)


def test_a_portrait_is_padded_left_and_right():
    # 1024 / 3056 of 2544 is 852 px wide: 534 px are left on each side of 1920.
    shown = display_of(2544, 3056)
    assert (shown.top_px, shown.bottom_px, shown.left_px, shown.right_px) == (0, 0, 534, 534)
    assert shown.shown_px == (852, 1080)


def test_screen_and_image_are_each_other_s_inverse():
    shown = display_of(2544, 3056)
    x, y = np.array([0.0, 1200.0, 2500.0]), np.array([3.0, 1500.0, 3050.0])
    found_x, found_y = shown.to_image(*shown.to_screen(x, y))
    assert np.abs(found_x - x).max() <= 1
    assert np.abs(found_y - y).max() <= 1


def test_rows_have_all_columns_and_the_ids(recorded):
    rows = list(recorded.rows(slice(None)))
    assert {len(row) for row in rows} == {len(COLUMNS)} == {37}
    first = dict(zip(COLUMNS, rows[0], strict=True))
    assert (first["SESSION_ID"], first["MEDIA_ID"], first["DICOM_ID"]) == (2, 7, "some-id")
    assert [row[3] for row in rows] == list(range(len(rows)))


def test_the_last_sample_of_a_fixation_is_at_its_end_and_place(recorded):
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in recorded.rows(recorded.ends)]
    assert [row["FPOGID"] for row in rows] == [3, 4, 5]
    assert [row["Time (in secs)"] for row in rows] == OFFSET_S.tolist()
    assert [row["FPOGS"] for row in rows] == ONSET_S.tolist()
    assert [row["FPOGD"] for row in rows] == pytest.approx((OFFSET_S - ONSET_S).tolist())
    assert [row["FPOGX"] for row in rows] == ACROSS.tolist()
    assert [row["FPOGY"] for row in rows] == DOWN.tolist()


def test_saccades_are_the_way_from_the_fixation_before(recorded):
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in recorded.rows(recorded.ends)]
    # 0.1 of 1920 px to the right; then 0.1 of 1080 px up.
    assert [row["SACCADE_MAG"] for row in rows] == pytest.approx([0, 192, 108])
    assert [row["SACCADE_DIR"] for row in rows] == pytest.approx([0, 0, 90])


def test_samples_come_at_their_rate(recorded):
    steps = np.diff(recorded.columns["Time (in secs)"])
    assert np.median(steps) == pytest.approx(SAMPLE_S, abs=1e-3)
    assert (steps > 0).all()


def test_a_long_gap_is_a_blink(recorded):
    time, blink = recorded.columns["Time (in secs)"], recorded.columns["BKID"]
    assert set(np.unique(blink)) == {0, 1}
    assert time[blink == 1].min() > 0.7
    assert time[blink == 1].max() < 1.0
    assert (recorded.columns["LPV"][blink == 1] == 0).all()
    lasted = recorded.columns["BKDUR"]
    assert np.count_nonzero(lasted) == 1
    assert lasted.max() == pytest.approx(0.3, abs=2.5 * SAMPLE_S)
