"""The window search against the numbers that the authors' own scripts logged on invented data."""

import numpy as np
import pandas as pd
import pytest

from pipeline.labels import TEN_LABELS
from pipeline.params import load_params
from pipeline.rules_io import load_label_map
from pipeline.tune.candidates import search_rules
from pipeline.tune.levels import PUBLISHED_THRESHOLDS
from pipeline.tune.results import compare
from pipeline.tune.search import gather, search
from tests.running import gazescribe

LITERAL = 1e-5
DIRECT = 2e-3  # maps drawn at model size, not shrunk twice; ellipses likewise
COLUMNS = ["rule", "label", "threshold"]


@pytest.fixture(scope="module")
def golden(shared):
    return shared / "golden" / "search"


@pytest.fixture(scope="module")
def cases(golden, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    listed = golden / "val_mimicid.txt"
    gazescribe("ingest", "reflacx", golden / "reflacx", folder / "tables", "--val-subjects", listed)
    files = [golden / f"mentions_by_reading_phase_{phase}.csv" for phase in (1, 2)]
    joined = pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])
    joined.to_csv(folder / "mentions.csv", index=False)
    found, counts = gather(
        folder / "tables", folder / "mentions.csv", load_params(), load_label_map()
    )
    assert counts["readings_left_out"] == {"no gaze": 1, "no ellipse of a label": 0}
    return found


@pytest.fixture(scope="module")
def published(golden):
    logged = pd.read_csv(golden / "iou_by_rule_label_threshold.csv")
    assert len(logged) == 9100
    return logged.set_index(COLUMNS)["iou"].sort_index()


@pytest.fixture(scope="module", params=["published", "direct"])
def ours(request, cases, published):
    """Macro search with the 26 thresholds, of the rules that the script ran."""
    rules = [rule for rule in search_rules() if rule.published and "coarse" in rule.stage]
    assert {rule.name for rule in rules} == set(published.index.get_level_values("rule"))
    params = load_params()
    update = {"thresholds": "published", "resize": request.param, "n_bootstrap": 2}
    params = params.model_copy(update={"tune": params.tune.model_copy(update=update)})
    return request.param, search(cases, rules, params, TEN_LABELS, workers=1)


def test_a_discarded_reading_with_files_is_no_case(cases):
    """The flag decides."""
    ids = {case.reading_id for case in cases}
    assert len(ids) == 11
    assert "P111R015838" not in ids


def test_every_logged_iou(ours, published):
    resize, results = ours
    compared = 0
    for scores in results.labels:
        mean = scores.mean()
        for at, candidate in enumerate(results.candidates):
            if not candidate.published:
                continue
            theirs = published[candidate.name, scores.label].reindex(PUBLISHED_THRESHOLDS)
            assert not theirs.isna().any()
            tolerance = LITERAL if resize == "published" else DIRECT
            np.testing.assert_allclose(mean[at], theirs, rtol=0, atol=tolerance)
            compared += len(theirs)
    assert compared == len(published)


def test_order_of_averaging(ours, golden, published):
    """Their macro means, with their thresholds shared by the end rules of a start rule.

    A threshold of each rule's own, as here, can only score higher on the same cases.
    """
    resize, results = ours
    if resize == "direct":
        pytest.skip("one way is enough")
    theirs = pd.read_csv(golden / "macro_iou_by_rule.csv").set_index("rule")["macro_iou"]
    assert len(theirs) == 35
    names = [candidate.name for candidate in results.candidates if candidate.published]
    means = np.stack([scores.mean()[: len(names)] for scores in results.labels], axis=1)
    starts = np.array([name.rpartition("_")[0] for name in names])
    for at, name in enumerate(names):
        shared = means[starts == starts[at]].mean(axis=0).argmax(axis=1)
        macro = means[at, np.arange(len(shared)), shared].mean()
        assert macro == pytest.approx(theirs[name], abs=LITERAL), name
        assert results.paper[at] >= macro - 1e-12


def test_thresholds_are_chosen_from_all_levels_too(ours, cases):
    """1,001 thresholds hold the 26, so that the in-sample mean cannot fall."""
    resize, results = ours
    if resize == "published":
        pytest.skip("one way is enough")
    params = load_params()
    rules = [candidate for candidate in results.candidates if candidate.published]
    every = search(cases, rules, params, TEN_LABELS, workers=1)
    assert len(every.thresholds) == 1001
    assert (every.paper >= results.paper - 1e-12).all()
    assert (every.paper > results.paper + 1e-4).any()
    again = compare(results.candidates, results.labels, results.thresholds, params.tune)
    np.testing.assert_array_equal(again.paper, results.paper)
