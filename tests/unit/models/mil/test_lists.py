from dataclasses import replace

import numpy as np
import pytest

from gazescribe.models.mil.lists import (
    annotated_share,
    build_items,
    check_splits,
    evaluation_items,
)
from gazescribe.pipeline.core.errors import AlignmentError
from tests.unit.models.mil.mil_cases import listed_world, run


@pytest.fixture
def full(tmp_path):
    return listed_world(tmp_path)


def listed(items):
    return [
        reading or image for reading, image in zip(items.reading_id, items.dicom_id, strict=True)
    ]


def test_unannotated_images_come_first_and_annotated_readings_follow(full):
    items = build_items(full.write(), run())
    assert listed(items["train"]) == ["A", "D", "image of R1", "image of R2", "R1", "R2"]
    assert items["train"].annotated.tolist() == [False] * 4 + [True] * 2
    assert items["train"].source.tolist() == ["mimic"] * 4 + ["reflacx"] * 2
    assert listed(items["validate"]) == ["V", "image of R4"]
    assert listed(items["test"]) == ["T"]
    assert not items["validate"].annotated.any()


def test_without_supervision_there_are_images_alone(full):
    items = build_items(full.write(), run(supervision="none", drop_duplicates=True))
    assert listed(items["train"]) == ["A", "D", "image of R1", "image of R2"]


def test_annotated_images_need_not_be_there_twice(full):
    items = build_items(full.write(), run(drop_duplicates=True))
    assert listed(items["train"]) == ["A", "D", "R1", "R2"]
    assert items["train"].left_out == {"mimic: annotated as well": 2}
    assert "image of R4" in listed(items["validate"])


def test_a_limit_on_unannotated_images_takes_the_same_ones_in_every_run(full):
    inputs = full.write()
    kept = {}
    for seed in range(2):
        for n in range(4):
            items = build_items(inputs, run(max_unannotated=n, seed=seed))["train"]
            assert listed(items)[n:] == ["R1", "R2"]
            assert items.left_out == {"mimic: beyond max_unannotated": 4 - n}
            kept[seed, n] = listed(items)[:n]
            assert kept[seed, n] == sorted(kept[seed, n])
    assert all(kept[0, n] == kept[1, n] for n in range(4))
    assert set(kept[0, 1]) < set(kept[0, 2]) < set(kept[0, 3])


def test_evaluation_lists_readings_with_the_rows_of_their_masks(full):
    found = evaluation_items(full.write(), run(supervision="none"))
    assert listed(found["validate"]) == ["R4"]
    assert listed(found["test"]) == ["R3"]
    assert found["test"].labels.sum() == 1
    assert found["test"].map_row.max() == 1
    assert (found["validate"].map_row == -1).all()
    assert not found["test"].annotated.any()


def many(full, sizes):
    """Readings of subjects with as many images each; the path order is that of the subjects."""
    for number, size in enumerate(sizes):
        for image in range(size):
            full.reading(f"Q{number:02d}{image}", 99_000_100 + number, said="Edema")
    return build_items(full.write(), run(max_unannotated=0))["train"]


def test_shares_by_subject_lie_inside_each_other(full):
    items = many(full, [1, 2, 3, 1, 1, 4, 1, 2, 1, 1])
    before = set()
    for share in np.linspace(0, 1, 11):
        chosen = annotated_share(items, run(annotated_share=share, seed=5))
        assert before <= set(chosen)
        before = set(chosen)
        subjects = items.subject_id[chosen]
        assert np.isin(items.subject_id, subjects).sum() == len(chosen)
        assert round(share * len(items)) <= len(chosen) < round(share * len(items)) + 4
    assert len(before) == len(items) == 19


def test_another_seed_chooses_other_subjects(full):
    items = many(full, [1] * 20)
    chosen = {
        tuple(annotated_share(items, run(annotated_share=0.3, seed=seed))) for seed in range(5)
    }
    assert {len(one) for one in chosen} == {7}
    assert len(chosen) == 5


def test_the_published_share_is_the_first_rows(full):
    items = many(full, [1] * 20)
    for seed in range(2):
        of = run(annotated_share=0.15, share_rule="published", seed=seed)
        assert annotated_share(items, of).tolist() == [0, 1, 2]  # of 22
    train = build_items(full.write(), run(annotated_share=0.15, share_rule="published"))["train"]
    assert listed(train)[-3:] == ["R1", "R2", "Q000"]
    assert train.left_out == {"reflacx: outside the annotated share": 19}


def test_subjects_in_two_splits(full):
    full.reading("R5", 99_000_004, "train")
    full.reading("R6", 99_000_001, "test", has_gaze=False)
    inputs = full.write()
    with pytest.raises(
        AlignmentError, match="2 subjects or images are in two splits of what et-seed0 sees"
    ) as e:
        build_items(inputs, run())
    assert [fault.split(":")[0] for fault in e.value.faults] == [
        "subject 99000001",
        "subject 99000004",
    ]
    assert "train in" in e.value.faults[0]
    assert "test in reflacx" in e.value.faults[0]


def test_splits_of_egd_matter_where_it_is_used(full):
    full.reading("E1", 99_000_001, "test", dataset="egd", phase=None)
    full.reading("E2", 99_000_002, None, dataset="egd", phase=None)
    inputs = full.write()
    check_splits(inputs, run())
    with pytest.raises(AlignmentError, match="1 subjects or images are in two"):
        check_splits(inputs, run(supervision="egd"))


@pytest.fixture
def own(full):
    """A lab's readings beside those of REFLACX, of which M1 has gaze and M2 ellipses, too."""
    full.reading("M1", 99_000_011, dataset="mylab", phase=None, said="Edema")
    full.reading("M2", 99_000_012, "test", dataset="mylab", phase=None, said="Edema")
    full.map("mylab-gaze", "M1", "Edema")
    full.map("mylab-gaze", "M2", "Edema")
    full.image("image of M1", 99_000_011)
    return full


def test_several_data_sets_supervise_in_their_order(own):
    inputs = own.write()
    both = run(supervision={"gaze": ("mylab",), "ellipse": ("reflacx",)}, drop_duplicates=True)
    train = build_items(inputs, both)["train"]
    assert listed(train) == ["A", "D", "M1", "R1", "R2"]
    assert train.source.tolist() == ["mimic"] * 2 + ["mylab"] + ["reflacx"] * 2
    assert train.left_out == {"mimic: annotated as well": 3}
    sampled = replace(both, annotated_share=0.5, share_rule="published", max_unannotated=1)
    train = build_items(inputs, sampled)["train"]
    assert listed(train)[-1:] == ["R1"]
    assert train.left_out["mylab: outside the annotated share"] == 1


def test_readings_without_ellipses_have_masks_of_gaze_unless_others_have_some(own):
    inputs = own.write()
    alone = evaluation_items(replace(inputs, scored_on=("mylab",)), run())["test"]
    assert listed(alone) == ["M2"]
    assert alone.map_row.max() == 1
    both = evaluation_items(replace(inputs, scored_on=("reflacx", "mylab")), run())["test"]
    assert listed(both) == ["R3", "M2"]
    assert (both.map_row[1] == -1).all()
    assert both.map_row[0].max() == 1


def test_splits_of_all_data_sets_matter(own):
    own.reading("M3", 99_000_001, "test", dataset="mylab", phase=None)
    inputs = own.write()
    check_splits(inputs, run())
    with pytest.raises(AlignmentError, match="1 subjects or images are in two splits") as error:
        check_splits(inputs, run(supervision={"gaze": ("mylab",)}))
    assert "test in mylab" in error.value.faults[0]
    with pytest.raises(AlignmentError, match="1 subjects or images are in two splits"):
        check_splits(replace(inputs, scored_on=("mylab",)), run())
