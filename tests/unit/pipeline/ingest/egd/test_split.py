from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.ingest.egd.split import SHARES, split_by_patient

DIAGNOSES = ("normal", "chf", "pneumonia")
IMAGES = st.lists(st.tuples(st.integers(99000000, 99000040), st.sampled_from(DIAGNOSES)))


@given(IMAGES, st.integers(0, 9))
def test_no_patient_is_in_two_splits(images, seed):
    subjects, strata = [one for one, _ in images], [stratum for _, stratum in images]
    splits = split_by_patient(subjects, strata, seed)
    assert len(splits) == len(images)
    assert len({*zip(subjects, splits, strict=True)}) == len({*subjects})


@given(IMAGES, st.randoms())
def test_the_order_of_images_does_not_matter(images, random):
    shuffled = random.sample(images, len(images))
    split = dict(zip(images, split_by_patient(*_columns(images), 0), strict=True))
    again = dict(zip(shuffled, split_by_patient(*_columns(shuffled), 0), strict=True))
    assert split == again


def _columns(images):
    return [one for one, _ in images], [stratum for _, stratum in images]


def test_each_diagnosis_has_its_share_of_each_split():
    strata = [name for name, n in zip(DIAGNOSES, (360, 363, 360), strict=True) for _ in range(n)]
    subjects = [99000000 + number % 1038 for number in range(len(strata))]  # 45 have two images
    splits = split_by_patient(subjects, strata, 0)
    counts = Counter(zip(splits, strata, strict=True))
    for split, share in SHARES.items():
        for name in DIAGNOSES:
            assert abs(counts[split, name] - share * strata.count(name)) <= 2
    assert Counter(splits).keys() == SHARES.keys()


def test_patients_with_two_images_are_not_all_in_train():
    subjects = [99000000 + number // 2 for number in range(200)]
    splits = split_by_patient(subjects, ["chf"] * 200, 0)
    assert Counter(splits) == {"train": 140, "validate": 20, "test": 40}


def test_another_seed_is_another_draw():
    subjects = list(range(99000000, 99000100))
    draws = [split_by_patient(subjects, ["chf"] * 100, seed) for seed in (0, 1)]
    assert draws[0] != draws[1]
    assert Counter(draws[0]) == Counter(draws[1])


def test_images_without_diagnosis_are_split_too():
    assert split_by_patient([99000000], [None], 0) == ["train"]
