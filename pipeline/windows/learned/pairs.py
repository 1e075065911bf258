"""All pairs of a sentence and a fixation in its reach, as flat arrays over many readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.dictation.places import SIDES, ZONES
from gazescribe.pipeline.windows.learned.maps import cell_of
from gazescribe.pipeline.windows.learned.observed import Observed

FloatArray = NDArray[np.float64]
Rows = NDArray[np.intp]

BLOCK = 16  # sentences with about as many fixations are one array: lengths are rounded up to this


def sums(rows: Rows, values: FloatArray, n: int) -> FloatArray:
    """Sum the values of each of n rows, in the order they stand in."""
    return np.bincount(rows, values, n).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Block:
    """Sentences with the same number of pairs, rounded up; what is missing is the pair behind all.

    `pairs` has shape (sentences, length), `kernel` (sentences, length, length): the density at one
    fixation that another one makes, zero between one and itself.
    """

    pairs: Rows
    kernel: NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """Fixations, sentences and their pairs, each numbered over all readings in their order.

    A piece is the part of a pair's fixation that falls into one bin of its sentence.
    """

    duration_s: FloatArray  # of the fixations, as the next four
    x: FloatArray
    y: FloatArray
    cell: Rows
    reading_of_fixation: Rows
    reading_of_sentence: Rows
    fixation: Rows  # of the pairs, sorted by sentence and then by fixation, as the next two
    sentence: Rows
    reach_s: FloatArray  # seconds of the fixation in reach of the sentence
    piece_pair: Rows  # of the pieces, as the next two
    piece_bin: Rows
    piece_s: FloatArray
    named_pair: Rows  # one row a pair and label of its sentence, as the next two
    named_place: Rows  # number of label, side and zone together: which map of `Learnt.places_s`
    named_share: FloatArray  # 1 over the number of the sentence's labels
    sigma: float

    @property
    def n_fixations(self) -> int:
        """Fixations of all readings."""
        return len(self.duration_s)

    @property
    def n_sentences(self) -> int:
        """Sentences that mention labels, of all readings."""
        return len(self.reading_of_sentence)

    @cached_property
    def piece_share(self) -> FloatArray:
        """Part of the whole fixation that a piece is."""
        return self.piece_s / self.duration_s[self.fixation[self.piece_pair]]

    @cached_property
    def blocks(self) -> list[Block]:
        """Kernels between the fixations of each sentence, sentences of about one size together."""
        n = np.bincount(self.sentence, minlength=self.n_sentences)
        first = np.cumsum(n) - n
        length = -(-n // BLOCK) * BLOCK
        return [
            self._block(first[length == size], n[length == size], int(size))
            for size in np.unique(length[length > 0])
        ]

    def _block(self, first: Rows, n: Rows, length: int) -> Block:
        place = np.arange(length)
        missing = place >= n[:, None]
        pairs = np.where(missing, len(self.fixation), first[:, None] + place)
        fixation = np.append(self.fixation, 0)[pairs]
        x, y = (axis.astype(np.float32)[fixation] for axis in (self.x, self.y))
        squared = (x[:, :, None] - x[:, None, :]) ** 2 + (y[:, :, None] - y[:, None, :]) ** 2
        variance = np.float32(self.sigma**2)
        kernel = np.exp(squared / (-2 * variance)) / (2 * np.float32(np.pi) * variance)
        kernel[np.broadcast_to(missing[:, None, :], kernel.shape)] = 0
        kernel[:, place, place] = 0  # no fixation speaks for itself
        return Block(pairs, kernel)

    def around(self, weight_s: FloatArray) -> FloatArray:
        """Density at each pair's fixation of the other pairs of its sentence, times their seconds.

        `weight_s` are the seconds that each pair counts, shape (pairs,), as the answer.
        """
        padded = np.append(weight_s, 0).astype(np.float32)
        density = np.zeros(len(padded))
        for block in self.blocks:
            density[block.pairs] = np.matmul(block.kernel, padded[block.pairs][:, :, None])[..., 0]
        return density[:-1]


def pair_up(observed: Sequence[Observed], labels: Sequence[str], sigma: float) -> Pairs:
    """Pair each sentence that mentions labels with the fixations in its reach.

    `labels` are the channels in order; `sigma` is the width of the kernel in units of the chest.
    """
    x, y, onset_s, offset_s = (
        _joined([getattr(reading, column) for reading in observed])
        for column in ("x", "y", "onset_s", "offset_s")
    )
    readings = np.arange(len(observed))
    pieces = _pieces(observed)
    return Pairs(
        duration_s=offset_s - onset_s,
        x=x,
        y=y,
        cell=cell_of(x, y),
        reading_of_fixation=np.repeat(readings, [len(reading.onset_s) for reading in observed]),
        reading_of_sentence=np.repeat(readings, [len(reading.said) for reading in observed]),
        **pieces,
        **_named(observed, labels, pieces["sentence"]),
        sigma=sigma,
    )


def _named(
    observed: Sequence[Observed], labels: Sequence[str], sentence: Rows
) -> dict[str, NDArray[Any]]:
    """Say which maps the labels, side and zone of each pair's sentence mean."""
    sentences = [sentence for reading in observed for sentence in reading.said]
    n_labels = np.array([len(sentence.labels) for sentence in sentences], np.intp)
    place = [
        (labels.index(label) * len(SIDES) + sentence.side) * len(ZONES) + sentence.zone
        for sentence in sentences
        for label in sentence.labels
    ]
    first = np.cumsum(n_labels) - n_labels
    times = n_labels[sentence]  # a pair has a row for each label of its sentence
    pair = np.repeat(np.arange(len(sentence)), times)
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
    return {
        "named_pair": pair,
        "named_place": np.array(place, np.intp)[first[sentence[pair]] + nth],
        "named_share": 1 / n_labels[sentence[pair]],
    }


def _pieces(observed: Sequence[Observed]) -> dict[str, NDArray[Any]]:
    """Cut the fixations in reach of each sentence at the edges of its bins."""
    columns: dict[str, list[NDArray[Any]]] = {
        name: [] for name in ("fixation", "sentence", "reach_s", "pair", "bin", "s")
    }
    n_fixations = n_sentences = n_pairs = 0
    for reading in observed:
        for sentence in reading.said:
            begin = np.maximum(reading.onset_s[:, None], sentence.edges_s[:-1])
            end = np.minimum(reading.offset_s[:, None], sentence.edges_s[1:])
            seconds = np.maximum(end - begin, 0.0)
            reach_s = seconds.sum(axis=1)
            reached = np.flatnonzero(reach_s)
            pair, in_bin = np.nonzero(seconds[reached])
            columns["fixation"].append(n_fixations + reached)
            columns["sentence"].append(np.full(len(reached), n_sentences))
            columns["reach_s"].append(reach_s[reached])
            columns["pair"].append(n_pairs + pair)
            columns["bin"].append(in_bin)
            columns["s"].append(seconds[reached][pair, in_bin])
            n_pairs += len(reached)
            n_sentences += 1
        n_fixations += len(reading.onset_s)
    names = {"pair": "piece_pair", "bin": "piece_bin", "s": "piece_s"}
    return {
        names.get(name, name): _joined(parts, float if name in ("reach_s", "s") else np.intp)
        for name, parts in columns.items()
    }


def _joined(parts: Sequence[NDArray[Any]], kind: type = float) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)
