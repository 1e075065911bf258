"""EGD's own split for the cooperative network: by patient, stratified by diagnosis, seeded.

The authors published no list. Source: spec cooperative.md (split by patient, stratified by class,
fixed seed).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

SHARES = {"train": 0.7, "validate": 0.1, "test": 0.2}


def split_by_patient(subjects: Sequence[int], strata: Sequence[str | None], seed: int) -> list[str]:
    """Draw a split so that each has its share of every stratum and no subject is in two.

    `subjects`, `strata` (the diagnosis) and the result have one element an image. Another seed is
    another draw; the order of the images does not matter.

    Notes
    -----
    Subjects come one after another, those with many images first and else in an order drawn by
    hash. Each goes to the split that is furthest behind in its strata, by the rule of Sainte-Laguë:
    the least quotient of images (those to come counted by half) and share.
    """
    images: defaultdict[int, list[str | None]] = defaultdict(list)
    for subject, stratum in zip(subjects, strata, strict=True):
        images[subject].append(stratum)
    taken: Counter[tuple[str, str | None]] = Counter()

    def quotient(split: str, strata: list[str | None]) -> float:
        n_images = sum(taken[split, stratum] for stratum in {*strata})
        return (n_images + len(strata) / 2) / SHARES[split]

    def order(subject: int) -> tuple[int, bytes]:
        digest = hashlib.sha256(f"egd:{seed}:{subject}".encode()).digest()
        return -len(images[subject]), digest

    chosen = {}
    for subject in sorted(images, key=order):
        strata_of_subject = images[subject]
        chosen[subject] = min(SHARES, key=lambda split: quotient(split, strata_of_subject))
        taken.update((chosen[subject], stratum) for stratum in strata_of_subject)
    return [chosen[subject] for subject in subjects]
