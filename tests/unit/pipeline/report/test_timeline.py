import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.report.timeline import (
    END_PX,
    LETTER_PX,
    MIN_WIDTH_PX,
    PX_PER_S,
    TimelineItem,
    assign_lanes,
    lay_out,
)

STRETCHES = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 30)), max_size=30)


def test_time_is_to_scale():
    timeline = lay_out(
        60.0, [("words", 15, [TimelineItem(1.5, 2.0, "a"), TimelineItem(30.0, 31.0, "b")])]
    )
    assert timeline.px_per_s == PX_PER_S
    (row,) = timeline.rows
    assert [(bar.x_px, bar.width_px) for bar in row.bars] == [(60.0, 20.0), (1200.0, 40.0)]
    assert timeline.ticks[:2] == [(0, 0.0), (5, 200.0)]
    assert timeline.ticks[-1] == (60, 2400.0)


def test_a_short_reading_fills_the_width():
    timeline = lay_out(10.0, [])
    assert timeline.px_per_s == MIN_WIDTH_PX / 10
    assert timeline.width_px > MIN_WIDTH_PX


def test_the_last_text_is_not_cut_off():
    last = TimelineItem(59.0, 60.0, "+ enlarged cardiac silhouette")
    timeline = lay_out(60.0, [("mentions", 20, [last])])
    assert timeline.width_px > 59 * PX_PER_S + len(last.text) * LETTER_PX
    assert lay_out(60.0, []).width_px == 60 * PX_PER_S + END_PX


def test_texts_that_would_touch_go_to_other_lanes():
    items = [
        TimelineItem(0.0, 0.2, "opacification"),
        TimelineItem(0.3, 0.5, "of"),
        TimelineItem(0.6, 0.7, "the"),
    ]
    (row,) = lay_out(60.0, [("words", 15, items)]).rows
    assert [bar.y_px - row.y_px for bar in row.bars] == [0, 15, 30]
    assert row.height_px == 45


def test_bars_without_text_share_a_lane_and_can_be_seen():
    items = [TimelineItem(n / 10, n / 10) for n in range(20)]
    (row,) = lay_out(60.0, [("fixations", 18, items)]).rows
    assert {bar.y_px for bar in row.bars} == {row.y_px}
    assert min(bar.width_px for bar in row.bars) == 2


def test_rows_do_not_overlap_and_empty_ones_are_left_out():
    rows = [(name, 18, [TimelineItem(0, 1)]) for name in ("a", "b")]
    timeline = lay_out(60.0, [rows[0], ("none", 18, []), rows[1]])
    first, second = timeline.rows
    assert (first.name, second.name) == ("a", "b")
    assert second.y_px >= first.y_px + first.height_px
    assert timeline.height_px >= second.y_px + second.height_px


@given(STRETCHES)
def test_stretches_of_a_lane_never_overlap(stretches):
    starts, lengths = [s for s, _ in stretches], [n for _, n in stretches]
    lanes = assign_lanes(starts, lengths)
    assert len(lanes) == len(starts)
    ends = {}
    for start, length, lane in zip(starts, lengths, lanes, strict=True):
        assert ends.get(lane, 0.0) <= start or lane not in ends
        ends[lane] = start + length


@pytest.mark.parametrize(
    ("starts", "lengths", "lanes"),
    [
        pytest.param([0, 5, 10], [4, 4, 4], [0, 0, 0], id="apart"),
        pytest.param([0, 1, 2], [5, 5, 5], [0, 1, 2], id="together"),
        pytest.param([0, 1, 6], [5, 20, 5], [0, 1, 0], id="first free one"),
    ],
)
def test_lanes(starts, lengths, lanes):
    assert assign_lanes(starts, lengths) == lanes
