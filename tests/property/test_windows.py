import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.windows.windows import (
    ENDS,
    STARTS,
    Window,
    fixation_overlap,
    sentence_window,
)

TIME = st.floats(-5, 60)
CASES = settings(deadline=None, max_examples=300)


@st.composite
def gaze(pick):
    """Fixations one after another, some of no length, some touching."""
    edges = np.sort(pick(st.lists(TIME, min_size=2, max_size=20)))
    onsets, offsets = edges[:-1], edges[1:]
    kept = np.array(pick(st.lists(st.booleans(), min_size=len(onsets), max_size=len(onsets))))
    return onsets[kept], offsets[kept]


def window(start_s, end_s, kind="sentence"):
    return Window(kind, None, None, None, start_s, end_s)


@CASES
@given(gaze(), TIME, TIME, st.sampled_from(["sentence", "mention"]))
def test_gaze_of_a_window_is_no_longer_than_the_window(fixations, start_s, end_s, kind):
    counted, overlap = fixation_overlap(*fixations, window(start_s, end_s, kind))
    assert len(counted) == len(overlap)
    assert (overlap >= 0).all()
    assert overlap.sum() <= max(end_s - start_s, 0) + 1e-9
    lengths = fixations[1] - fixations[0]
    assert (overlap <= lengths[counted] + 1e-9).all()
    if end_s < start_s:
        assert not len(counted)


@CASES
@given(gaze(), TIME, TIME, st.floats(0, 9), st.floats(0, 9))
def test_a_wider_window_holds_all_of_a_narrower_one(fixations, one, other, before, after):
    start_s, end_s = sorted((one, other))
    narrow, of_narrow = fixation_overlap(*fixations, window(start_s, end_s))
    wide, of_wide = fixation_overlap(*fixations, window(start_s - before, end_s + after))
    assert set(narrow) <= set(wide)
    assert (of_wide[np.isin(wide, narrow)] >= of_narrow - 1e-9).all()


@CASES
@given(gaze())
def test_a_window_over_everything_holds_all_gaze(fixations):
    onset_s, offset_s = fixations
    counted, overlap = fixation_overlap(onset_s, offset_s, window(-6, 61))
    assert counted.tolist() == list(range(len(onset_s)))
    np.testing.assert_allclose(overlap, offset_s - onset_s, atol=1e-9)


@CASES
@given(gaze(), TIME, TIME, TIME)
def test_two_windows_side_by_side_share_the_gaze(fixations, one, other, third):
    first, middle, last = sorted((one, other, third))
    parts = [
        fixation_overlap(*fixations, window(*ends))[1].sum()
        for ends in ((first, middle), (middle, last))
    ]
    whole = fixation_overlap(*fixations, window(first, last))[1].sum()
    np.testing.assert_allclose(sum(parts), whole, atol=1e-9)


@CASES
@given(
    st.lists(st.floats(0, 60), min_size=6, max_size=6),
    st.integers(0, 2),
    st.floats(0, 9),
    st.floats(0, 9),
    st.sampled_from(STARTS),
    st.sampled_from(ENDS[:-1]),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_more_lag_never_starts_later(edges, sentence, lag_s, more_s, start, end, shares):
    """And no window starts before the sentence before, but where its rule says so."""
    times = np.sort(edges).reshape(3, 2)
    sentences = {"onset_s": times[:, 0], "offset_s": times[:, 1]}
    onset, offset = times[sentence]
    # Rounding must not carry a mention beyond its sentence.
    first, last = sorted(min(onset + share * (offset - onset), offset) for share in shares)
    said = {"sentence": sentence, "sentences": sentences}
    said |= {"first_mention_s": first, "last_mention_s": last}
    start_s, end_s = sentence_window(start, end, lag_s, **said)
    earlier_s, same_s = sentence_window(start, end, lag_s + more_s, **said)
    assert earlier_s <= start_s
    assert same_s == end_s
    assert start_s <= offset
    assert onset <= end_s <= offset
    if start not in ("all", "allsentences"):
        assert start_s >= (times[sentence - 1, 0] if sentence else 0)
