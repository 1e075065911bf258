"""Real narration: whose window holds the pointing at what a noun names, a fixed one or the learnt?

    python benchmarks/narration.py [SHARED]

Reads the 22 Localized Narratives of SHARED/real/vidln (default ../shared): timed words, nouns, and
a pointer that touches what is named. There are no outlines, so a noun is judged by its others, the
nouns of the same word in the same video: their place is the densest half (or 80 %) of what their
published windows hold, from a noun's start to the start of the next word. A rule's score is the
share of its pointing in that place. Prints a table of all such nouns, one without words that mean
several things in a video, how the differences move with places by other rules, and the learnt
odds. Intervals are of draws of the six videos.

The pointer's strokes are cut into pieces of a tenth of a second, which stand for fixations. Learned
has nouns for sentences and their words for labels, and the settings of params.yaml; no narration is
explained by what its own video (or annotator) taught.
"""

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.resampling import Draws, draw_clusters, interval, ratio
from gazescribe.pipeline.windows.learned.learn import Fit, learn_by_folds
from gazescribe.pipeline.windows.learned.observed import Observed, Said
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.learned.timing import BIN_S, N_INSIDE, bin_edges_s
from gazescribe.pipeline.windows.learned.weights import weigh

PIECE_S = 0.1  # about as short as a fixation can be
CELLS = 64  # a side of the frame
SIGMA = 0.06  # of the frame; `learned.sigma`, though that is of the chest box
STRICT = "strict: the noun's word"
START = "from 1.5 s before to its end"
LEARNED = "learned, the other videos teach"
PUBLISHED = "published: from its start to the next word"
FLOOR = "floor: the narration's other nouns, published"
DRAWS = Draws(n_bootstrap=2000, confidence=0.95, seed=0)
# Words that mean different things in one video, by the captions alone.
SEVERAL = frozenset({"boy", "group", "hoodie", "man", "pant", "people", "stripe", "t-shirt"})
SEVERAL |= {"brown", "grey", "left", "tiger", "whistle"}


@dataclass(frozen=True)
class Noun:
    """A noun with its times; the published window ends at `next_s`, where the next word starts."""

    word: str
    start_s: float
    end_s: float
    next_s: float


@dataclass(frozen=True)
class Narration:
    """Pieces of pointing, in fractions of the frame, and what was said."""

    reading_id: str
    video: int
    annotator: int
    points_s: np.ndarray  # as they were recorded
    onset_s: np.ndarray  # of the pieces, as the next three
    offset_s: np.ndarray
    x: np.ndarray
    y: np.ndarray
    nouns: tuple[Noun, ...]


Weights = list[np.ndarray]  # of each narration: seconds, (nouns, pieces)


def main() -> None:
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
    if not (shared / "real" / "vidln").is_dir():
        sys.exit(f"{shared} has no real/vidln: give the folder that holds it.")
    narrations = read_narrations(shared / "real" / "vidln")
    settings = load_params().learned
    rules = weigh_by_rules(narrations, settings)
    for left_out in (frozenset(), SEVERAL):
        print_table(narrations, rules, left_out)
    print_by_places(narrations, rules)
    print_seconds(narrations, rules[PUBLISHED])
    print_odds(narrations, settings)


def read_narrations(folder: Path) -> list[Narration]:
    narrations = []
    for line in (folder / "sample_combined.jsonl").read_text(encoding="utf-8").splitlines():
        video = json.loads(line)
        for number, spoken in enumerate(video["actor_narratives"]):
            reading_id = f"{video['vidln_id']}_{number}"
            zero_ms = spoken["recording_start_time_ms_since_epoch"]
            strokes = [
                np.array([((p["time_ms_since_epoch"] - zero_ms) / 1000, p["x"], p["y"]) for p in t])
                for t in spoken["traces"]
            ]
            narrations.append(
                Narration(
                    reading_id,
                    video["vidln_id"],
                    video["annotator_id"],
                    np.concatenate(strokes)[:, 0],
                    *cut_into_pieces(strokes),
                    read_nouns(folder / "reflacx_shape" / reading_id, spoken["time_alignment"]),
                )
            )
    return narrations


def cut_into_pieces(strokes: list[np.ndarray]) -> np.ndarray:
    """Onset, offset, x and y of pieces of `PIECE_S`; between strokes nothing is pointed at."""
    pieces = []
    for stroke in strokes:
        onset_s = np.arange(stroke[0, 0], stroke[-1, 0], PIECE_S)
        offset_s = np.minimum(onset_s + PIECE_S, stroke[-1, 0])
        middle_s = (onset_s + offset_s) / 2
        x, y = (np.interp(middle_s, stroke[:, 0], stroke[:, axis]) for axis in (1, 2))
        pieces.append(np.array([onset_s, offset_s, x, y]))
    return np.concatenate(pieces, axis=1)


def read_nouns(folder: Path, words: list[dict]) -> tuple[Noun, ...]:
    """Read the nouns whose windows are published; one word stands for a noun, its last."""
    starts_s = [
        word["start_ms"] / 1000
        for word in words
        if any(letter.isalnum() for letter in word["referenced_word"])
    ]
    nouns = []
    with (folder / "gold_windows.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start_s, end_s = float(row["start_s"]), float(row["end_word_s"])
            later_s = [at_s for at_s in starts_s if at_s >= end_s]
            word = row["noun"].lower().split()[-1].removesuffix("s")
            nouns.append(Noun(word, start_s, end_s, min(later_s, default=np.inf)))
    return tuple(nouns)


def weigh_by_rules(narrations: list[Narration], settings: Learned) -> dict[str, Weights]:
    """Seconds that each rule gives each piece for each noun."""

    def fixed(bounds: Callable[[Noun, float], tuple[float, float]]) -> Weights:
        """`bounds` are of a noun and the start of the noun before it, as a window's are."""
        weights = []
        for narration in narrations:
            before_s = [0.0, *(noun.start_s for noun in narration.nouns[:-1])]
            windows = [bounds(*pair) for pair in zip(narration.nouns, before_s, strict=True)]
            weights.append(overlap_s(narration, windows))
        return weights

    rules = {
        STRICT: fixed(lambda noun, _: (noun.start_s, noun.end_s)),
        PUBLISHED: fixed(lambda noun, _: (noun.start_s, noun.next_s)),
    }
    for lag_s in (0.5, 1.0, 1.5, 2.0):
        rules[f"from {lag_s} s before to its end"] = fixed(
            lambda noun, before_s, lag_s=lag_s: (max(noun.start_s - lag_s, before_s), noun.end_s)
        )
    for more_s in (1.0, 2.0):
        rules[f"from its start to {more_s} s after"] = fixed(
            lambda noun, _, more_s=more_s: (noun.start_s, noun.end_s + more_s)
        )
    rules[LEARNED], _ = learned(narrations, "video", settings)
    rules["learned, the other annotators teach"], _ = learned(narrations, "annotator", settings)
    no_own = settings.model_copy(update={"label_s": 1e6})  # maps of words outweigh any own place
    rules["learned, without own place"], _ = learned(narrations, "video", no_own)
    farther = settings.model_copy(update={"after_s": 6.0})
    rules["learned, reach 6 s after"], _ = learned(narrations, "video", farther)
    rules[FLOOR] = rules[PUBLISHED]
    rules["whole narration"] = fixed(lambda *_: (-np.inf, np.inf))
    return rules


def overlap_s(narration: Narration, windows: list[tuple[float, float]]) -> np.ndarray:
    """Seconds of each piece in each window, (windows, pieces)."""
    start_s, end_s = np.array(windows).T[:, :, None]
    inside_s = np.minimum(narration.offset_s, end_s) - np.maximum(narration.onset_s, start_s)
    return np.maximum(inside_s, 0.0)


def learned(narrations: list[Narration], left_out: str, settings: Learned) -> tuple[Weights, Fit]:
    """Weigh the pieces of each narration by what those of another video, or annotator, teach."""
    observed = [observe(one, str(getattr(one, left_out)), settings) for one in narrations]
    labels = sorted({noun.word for narration in narrations for noun in narration.nouns})
    one_each = settings.model_copy(update={"folds": len({one.subject for one in observed})})
    fit, shares = learn_by_folds(observed, labels, one_each)
    weights = []
    for narration, one in zip(narrations, observed, strict=True):
        reach_s = overlap_s(narration, [(said.edges_s[0], said.edges_s[-1]) for said in one.said])
        of_nouns = np.array([shares[narration.reading_id][said.sentence] for said in one.said])
        weights.append(weigh(reach_s, of_nouns, settings))
    return weights, fit


def observe(narration: Narration, subject: str, settings: Learned) -> Observed:
    """Show the model nouns as sentences, their words as labels, and pieces as fixations."""
    times = {
        "onset_s": np.array([noun.start_s for noun in narration.nouns]),
        "offset_s": np.array([noun.end_s for noun in narration.nouns]),
    }
    said = tuple(
        Said(number, bin_edges_s(number, times, settings), (noun.word,), 0, 0)
        for number, noun in enumerate(narration.nouns)
    )
    pieces = (narration.onset_s, narration.offset_s, narration.x, narration.y)
    return Observed(narration.reading_id, subject, "train", *pieces, said)


@dataclass(frozen=True)
class Scores:
    """Of one rule, one row a noun that is said again; NaN where the rule has no pointing."""

    pointing_s: np.ndarray
    half: np.ndarray  # share of it in the place that holds half of the others' density
    most: np.ndarray  # likewise 80 % of it
    area: np.ndarray  # part of the frame that is the place of half
    gain_bits: np.ndarray  # over the density of all the video's pointing, of half it, half place
    video: np.ndarray


def judge(
    narrations: list[Narration],
    weights: Weights,
    places: Weights,
    left_out: frozenset[str] = frozenset(),
    *,
    strangers: bool = False,
) -> Scores:
    """Score a rule by the place that `places`, the weights of a rule, give to a noun's others.

    No pointing is judged by a place that it made. `strangers` judges the pointing of the other
    words of the narration in place of the noun's.
    """
    rows = []
    nouns = [(n, k) for n, one in enumerate(narrations) for k in range(len(one.nouns))]
    blurs = [Blur(narration) for narration in narrations]
    for n, k in nouns:
        word, video = narrations[n].nouns[k].word, narrations[n].video
        in_video = [(m, j) for m, j in nouns if narrations[m].video == video]
        alike = [(m, j) for m, j in in_video if narrations[m].nouns[j].word == word]
        others = [(m, j) for m, j in alike if (m, j) != (n, k)]
        place = sum((blurs[m].draw(places[m][j]) for m, j in others), np.zeros(CELLS**2))
        if word in left_out or not place.any():
            continue
        whole = sum(blurs[m].draw(blurs[m].piece_s) for m in {m for m, _ in in_video})
        judged = [k]
        if strangers:
            judged = [j for j in range(len(narrations[n].nouns)) if (n, j) not in alike]
        seconds = weights[n][judged].sum(axis=0)
        for m, j in others:
            if m == n:
                seconds = np.where(places[m][j] > 0, 0.0, seconds)
        rows.append([*score(seconds, blurs[n].cell, place, whole), video])
    return Scores(*np.array(rows).T)


class Blur:
    """Densities of a narration's pointing on the cells of the frame."""

    def __init__(self, narration: Narration) -> None:
        centres = (np.arange(CELLS) + 0.5) / CELLS
        x, y = (np.clip(axis, 0, 1 - 1e-9) for axis in (narration.x, narration.y))
        self.of_x, self.of_y = (
            np.exp(-((axis[:, None] - centres) ** 2) / (2 * SIGMA**2)) for axis in (x, y)
        )
        self.cell = (y * CELLS).astype(int) * CELLS + (x * CELLS).astype(int)
        self.piece_s = narration.offset_s - narration.onset_s

    def draw(self, seconds: np.ndarray) -> np.ndarray:
        return (self.of_y.T @ (seconds[:, None] * self.of_x)).ravel()


def score(
    seconds: np.ndarray, cell: np.ndarray, place: np.ndarray, whole: np.ndarray
) -> list[float]:
    """Score the pointing of one noun: the columns of `Scores` but the last."""
    densest_first = np.argsort(-place, kind="stable")
    held = np.empty(len(place))  # density held by the cells that are denser
    held[densest_first] = np.cumsum(place[densest_first]) - place[densest_first]
    held /= place.sum()
    area = np.mean(held < 0.5)
    if not seconds.any():
        return [0.0, np.nan, np.nan, area, np.nan]
    share = seconds / seconds.sum()
    shares_within = [share @ (held[cell] < part) for part in (0.5, 0.8)]
    gain_bits = share @ np.log2((place / place.sum() / (whole / whole.sum()) + 1) / 2)[cell]
    return [seconds.sum(), *shares_within, area, gain_bits]


def print_table(
    narrations: list[Narration], rules: dict[str, Weights], left_out: frozenset[str]
) -> None:
    places = rules[PUBLISHED]
    start = judge(narrations, rules[START], places, left_out)
    kind = "words of one meaning" if left_out else "all words"
    print(
        f"\n{len(start.video)} nouns of {len(set(start.video))} videos, {kind}; the place of half"
    )
    print(f"the density is {np.mean(start.area):.1%} of the frame\n")
    print("| rule | nouns | s | in half [95 %] | in 80 % | bits | less 1.5 s before [95 %] |")
    print("|---|---|---|---|---|---|---|")
    for name, weights in rules.items():
        scores = judge(narrations, weights, places, left_out, strangers=name == FLOOR)
        cells = (
            name,
            str(np.isfinite(scores.half).sum()),
            f"{scores.pointing_s.mean():.1f}",
            "{:.2f} [{:.2f}, {:.2f}]".format(*with_interval(scores.half, scores.video)),
            f"{np.nanmean(scores.most):.2f}",
            f"{np.nanmean(scores.gain_bits):+.2f}",
            difference(scores, start),
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def print_by_places(narrations: list[Narration], rules: dict[str, Weights]) -> None:
    """Print what is won over the window of 1.5 s before, by whose pointing makes the places."""
    names = (STRICT, PUBLISHED, LEARNED)
    print(f"\nless 1.5 s before, words of one meaning\n\n| places by | {' | '.join(names)} |")
    print("|---|---|---|---|")
    for places in (PUBLISHED, STRICT, START, LEARNED):
        start, *others = (
            judge(narrations, rules[name], rules[places], SEVERAL) for name in (START, *names)
        )
        print(f"| {places} | {' | '.join(difference(one, start) for one in others)} |", flush=True)


def difference(scores: Scores, start: Scores) -> str:
    """Write a difference of nouns that have pointing by both rules."""
    difference = with_interval(scores.half - start.half, scores.video)
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*difference)


def with_interval(values: np.ndarray, video: np.ndarray) -> tuple[float, float, float]:
    """Mean over nouns, and its interval over draws of whole videos."""
    of_video = np.array([np.nan_to_num(values[video == one]).sum() for one in np.unique(video)])
    n = np.array([np.isfinite(values[video == one]).sum() for one in np.unique(video)])
    drawn = draw_clusters(len(n), DRAWS)
    low, high = interval(ratio(drawn @ of_video, drawn @ n), DRAWS.confidence)
    return float(of_video.sum() / n.sum()), float(low), float(high)


def print_seconds(narrations: list[Narration], places: Weights) -> None:
    """Print what lies in the place by the second from a noun's start, whatever any rule takes."""
    print("\nwords of one meaning, by the second from the noun's start: nouns, share in half")
    for first_s in range(-4, 4):
        windows = (
            [(noun.start_s + first_s, noun.start_s + first_s + 1) for noun in narration.nouns]
            for narration in narrations
        )
        weights = [overlap_s(*pair) for pair in zip(narrations, windows, strict=True)]
        half = judge(narrations, weights, places, SEVERAL).half
        print(
            f"{first_s:+d} to {first_s + 1:+d} s: {np.isfinite(half).sum()}, {np.nanmean(half):.2f}"
        )


def print_odds(narrations: list[Narration], settings: Learned) -> None:
    """Print the learnt curve by the second, from several windows to start from."""
    n_before, a_second = round(settings.before_s / BIN_S), round(1 / BIN_S)
    for start_lag_s in (0.0, settings.start_lag_s, 6.0):
        start = settings.model_copy(update={"start_lag_s": start_lag_s})
        odds = learned(narrations, "video", start)[1].learnt.odds
        before, inside, after = np.split(odds, [n_before, n_before + N_INSIDE])
        by_second = [part.reshape(-1, a_second).mean(axis=1).round(1) for part in (before, after)]
        print(
            f"\nodds of a noun against search, started from {start_lag_s} s before: by the second"
        )
        print(f"before it {by_second[0]}, in its word {inside.mean():.1f}, after it {by_second[1]}")


if __name__ == "__main__":
    main()
