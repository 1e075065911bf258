import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.dictation.degrade import (
    Noise,
    degrade_mentions,
    read_whole,
    score,
    shares_of,
)
from gazescribe.pipeline.dictation.evaluation.settings import Degrade
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_label_map
from tests.conftest import ROOT
from tests.running import gazescribe, invoke
from tests.synthetic import mention, reading, table

TEXT = "edema effusion thickening clear nodule tube"
RULES = load_label_map(ROOT / "rules")


def noise(label="Pleural abnormality", drop=0.0, add=0.0, seed=0, rules=RULES):
    params = Degrade(label=label, drop_share=drop, add_share=add, seed=seed)
    return Noise(label, params, rules)


def said(report_id, *labels, polarity="positive"):
    """One mention of each class, each at a word of its own."""
    words = TEXT.split()
    return [
        mention(TEXT, words[at], label, report_id=report_id, polarity=polarity)
        for at, label in enumerate(labels)
    ]


def degraded(rows, of):
    after, counts = degrade_mentions(table(rows, "mentions"), of)
    found = Counter((row["report_id"], row["label"]) for row in after.to_pylist())
    assert after.schema == table(rows, "mentions").schema
    return found, counts


def test_nothing_is_done_when_nothing_is_asked():
    rows = said("R1", "pleural effusion", "nodule") + said("R2", "nodule")
    after, counts = degrade_mentions(table(rows, "mentions"), noise())
    assert after.equals(table(rows, "mentions"))
    assert counts == {"cases_with_label": 1, "cases_without_label": 1}


def test_a_case_loses_all_mentions_of_the_label_and_no_other():
    rows = said("R1", "pulmonary edema", "pleural effusion", "pleural thickening")
    rows += [mention(TEXT, "tube", "pleural effusion", polarity="negative")]
    rows += said("R2", "nodule", polarity="positive")
    found, counts = degraded(rows, noise(drop=1.0))
    assert found == {
        ("R1", "pulmonary edema"): 1,
        ("R1", "pleural effusion"): 1,  # the denied one
        ("R2", "nodule"): 1,
    }
    assert counts == {
        "cases_with_label": 1,
        "cases_dropped": 1,
        "mentions_dropped": 2,
        "cases_without_label": 1,
    }


def test_an_uncertain_mention_is_one_and_a_denied_one_is_none():
    rows = said("R1", "pleural effusion", polarity="uncertain")
    rows += said("R2", "pleural effusion", polarity="negative")
    found, counts = degraded(rows, noise(drop=1.0, add=1.0))
    assert found == {("R2", "pleural effusion"): 1}
    assert counts["cases_dropped"] == 1
    assert counts["cases_without_any_other_mention"] == 1


def test_a_made_up_mention_lies_beside_the_one_it_borrows_from():
    rows = said("R1", "pulmonary edema", "support devices")
    after, counts = degrade_mentions(table(rows, "mentions"), noise(add=1.0))
    made = [row for row in after.to_pylist() if row["label"] == "pleural abnormality"]
    assert [row["text"] for row in made] == ["edema"]
    assert len(after) == 3
    assert counts == {"cases_without_label": 1, "cases_added": 1}


@pytest.mark.parametrize(
    ("label", "before", "after"),
    [
        pytest.param("Edema", ["pulmonary edema"], ["opacity"], id="keeps the opacity"),
        pytest.param(
            "Edema", ["pulmonary edema", "nodule"], ["nodule", "opacity"], id="and others"
        ),
        pytest.param("Cardiomegaly", ["enlarged cardiac silhouette"], [], id="leaves nothing"),
    ],
)
def test_what_else_a_dropped_mention_says_is_kept(label, before, after):
    found, _ = degraded(said("R1", *before), noise(label, drop=1.0))
    assert sorted(label for _, label in found.elements()) == after


def test_what_no_class_says_alone_is_lost_and_counted():
    found, counts = degraded(said("R1", "atelectasis", "nodule"), noise("Opacity", drop=1.0))
    assert found == {}
    assert counts["mentions_of_other_labels_lost"] == 2
    own = LabelMap(RULES.channels, RULES.targets | {"pure": ("Atelectasis",)})
    found, _ = degraded(said("R1", "atelectasis"), noise("Opacity", drop=1.0, rules=own))
    assert found == {("R1", "pure"): 1}


def test_a_made_up_mention_says_little_else():
    found, _ = degraded(said("R1", "nodule"), noise("Edema", add=1.0))
    assert found == {("R1", "nodule"): 1, ("R1", "pulmonary edema"): 1}


def test_words_that_are_denied_to_be_it_are_not_borrowed():
    denied = mention(TEXT, "edema", "pleural abnormality", polarity="negative")
    rows = [*said("R1", "pulmonary edema"), denied]
    found, counts = degraded(rows, noise(add=1.0))
    assert found == {("R1", "pulmonary edema"): 1, ("R1", "pleural abnormality"): 1}
    assert counts["cases_without_any_other_mention"] == 1


@pytest.fixture(scope="module")
def crowd():
    rows = said("R", "pulmonary edema", "nodule", "mass")
    without = [row | {"report_id": f"N{number:04d}"} for number in range(1000) for row in rows]
    has = [row for number in range(1000) for row in said(f"P{number:04d}", "pleural effusion")]
    return table(without + has, "mentions")


def test_shares_are_of_cases(crowd):
    after, counts = degrade_mentions(crowd, noise(drop=0.45, add=0.05))
    assert counts["cases_with_label"] == counts["cases_without_label"] == 1000
    assert counts["cases_dropped"] == pytest.approx(450, abs=50)
    assert counts["cases_added"] == pytest.approx(50, abs=25)
    made = [row for row in after.to_pylist() if row["label"] == "pleural abnormality"]
    assert {row["text"] for row in made} == {"edema", "effusion", "thickening"}
    assert len(after) == len(crowd) - counts["mentions_dropped"] + counts["cases_added"]


@pytest.fixture(scope="module")
def population():
    """Four of ten cases have it; recall .93 and precision .97 of their mentions, before.

    Of those without a mention of it, three of seven mention another label, the rest deny all.
    """
    rows, certainty = [], {}
    for number in range(5000):
        name = f"R{number:04d}"
        has_it = number % 10 < 4
        certainty[name] = 4 * has_it
        tenth = number // 10
        is_mentioned = tenth % 100 < 93 if has_it else tenth % 50 == 0
        if is_mentioned:
            rows += said(name, "nodule", "pleural effusion")
        elif number % 7 < 3:
            rows += said(name, "nodule", "mass")
        else:
            rows += said(name, "nodule", "pleural effusion", polarity="negative")
    return table(rows, "mentions"), certainty


def test_the_papers_shares_give_its_recall_and_precision(population):
    """Section 3.4: 45 % and 5 % of the cases; .51 and .86 after."""
    mentions, certainty = population
    of = noise(drop=0.45, add=0.05)
    before = score(mentions, of, certainty)["certainty_above_0"]
    assert before == {
        "recall": pytest.approx(0.93, abs=0.001),
        "precision": pytest.approx(0.97, abs=0.01),
    }
    after, counts = degrade_mentions(mentions, of)
    assert 0.5 < counts["cases_without_any_other_mention"] / counts["cases_without_label"] < 0.6
    shares = shares_of(counts, of.params)
    assert shares["drop"] == {"asked": 0.45, "reached": pytest.approx(0.45, abs=0.02)}
    assert shares["add"]["asked"] == 0.05
    assert shares["add"]["reached"] == pytest.approx(0.05, abs=0.008)
    assert score(after, of, certainty)["certainty_above_0"] == {
        "recall": pytest.approx(0.51, abs=0.02),
        "precision": pytest.approx(0.86, abs=0.02),
    }


def test_a_share_that_cannot_be_reached_is_reached_as_far_as_possible():
    rows = [row for number in range(8) for row in said(f"N{number}", "nodule", polarity="negative")]
    rows += said("N8", "nodule") + said("N9", "support devices")
    of = noise(add=0.3)
    after, counts = degrade_mentions(table(rows, "mentions"), of)
    assert shares_of(counts, of.params) == {
        "drop": {"asked": 0.0, "reached": None},
        "add": {"asked": 0.3, "reached": 0.1, "possible": 0.1},
    }
    assert {row["report_id"] for row in after.to_pylist() if "pleural" in row["label"]} == {"N8"}


def changed(mentions, of):
    after, _ = degrade_mentions(mentions, of)
    before, now = (
        {(row["report_id"], row["label"]) for row in one.to_pylist()} for one in (mentions, after)
    )
    return {report_id for report_id, _ in before ^ now}


def test_a_case_fares_the_same_whatever_others_there_are(crowd):
    whole = changed(crowd, noise(drop=0.45, add=0.05))
    half = crowd.slice(0, len(crowd) // 2)
    ids = set(half["report_id"].to_pylist())
    assert whole & ids
    assert changed(half, noise(drop=0.45, add=0.05)) == whole & ids


def test_more_is_dropped_of_the_same_cases_and_another_seed_takes_others(crowd):
    few, most = (changed(crowd, noise(drop=share)) for share in (0.2, 0.6))
    assert few < most
    other = changed(crowd, noise(drop=0.2, seed=1))
    assert len(other & few) < 0.4 * len(few)


@pytest.fixture
def folder(tmp_path):
    """R1 and R2 have it, R3 has it a little; R1, R3 and R4 are told; R5 is not known."""
    ids = [f"R{number}" for number in range(1, 6)]
    rows = [row for one in ("R1", "R3", "R4") for row in said(one, "pleural effusion")]
    rows += said("R2", "nodule")
    write_table(table(rows, "mentions"), tmp_path, "mentions")
    write_table(table([reading(one, TEXT) for one in ids], "readings"), tmp_path, "readings")
    certain = {"R1": 5, "R2": 3, "R3": 1, "R4": 0, "R5": None}
    certainties = {
        "reading_id": ids * 2,
        "label": ["Pleural abnormality"] * 5 + ["Atelectasis"] * 5,
        "certainty": [certain[one] for one in ids] + [5] * 5,
    }
    write_table(certainties, tmp_path, "certainties")
    return tmp_path


def run(folder, *options, command=gazescribe):
    return command("degrade", folder / "mentions.parquet", folder / "out.parquet", *options)


def test_command_tells_recall_and_precision(folder):
    line = run(folder, "--drop", "1", "--add", "0", "--against", folder)
    assert "dropped in 3 of 3 cases (100.0% asked, 100.0% reached)" in line
    assert "added in 0 of 1 (0.0% asked, 0.0% reached); recall 0.667 → 0.000" in line
    assert "precision 0.667 → undefined (4 readings)" in line
    counts = json.loads((folder / "out.json").read_text())
    assert counts["before"] == {
        "certainty_above_0": {"precision": pytest.approx(2 / 3), "recall": pytest.approx(2 / 3)},
        "certainty_from_3": {"precision": pytest.approx(1 / 3), "recall": pytest.approx(1 / 2)},
    }
    assert counts["after"]["certainty_from_3"] == {"precision": None, "recall": 0}
    assert counts["params"]["label"] == "Pleural abnormality"
    assert counts["shares"] == {
        "drop": {"asked": 1.0, "reached": 1.0},
        "add": {"asked": 0.0, "reached": 0.0, "possible": 1.0},
    }
    assert counts["n_scored"] == 4
    assert [row["report_id"] for row in read_whole(folder / "out.parquet").to_pylist()] == ["R2"]


def test_counts_never_lie_beside_the_table_of_another_run(folder, monkeypatch):
    run(folder, "--drop", "1", "--add", "0")
    replace = Path.replace

    def stop_at_counts(path, target):
        if Path(target).name == "out.json":
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stop_at_counts)
    run(folder, "--drop", "0", "--add", "0", command=invoke)
    assert len(read_whole(folder / "out.parquet")) == len(read_whole(folder / "mentions.parquet"))
    assert not (folder / "out.json").exists()


def test_command_takes_what_is_not_said_from_the_parameters(folder):
    counts = json.loads(run(folder, "--json", "--seed", "3", "--label", "pleural ABNORMALITY"))
    assert counts["params"] == {
        "add_share": 0.05,
        "drop_share": 0.45,
        "label": "pleural ABNORMALITY",
        "seed": 3,
    }
    assert "before" not in counts
    before = (folder / "out.parquet").read_bytes()
    run(folder, "--seed", "3")
    assert (folder / "out.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            ["--label", "effusion"], "'effusion' is none of the channels.*Edema", id="label"
        ),
        pytest.param(["--drop", "1.5"], "--drop: .*less than or equal to 1", id="share"),
        pytest.param(["--seed", "-1"], "seed: .*greater than or equal to 0", id="seed"),
        pytest.param(["--against", "nowhere"], "'nowhere' does not exist", id="tables"),
    ],
)
def test_bad_options(folder, options, message):
    result = run(folder, *options, command=invoke)
    assert result.exit_code == 2
    assert re.search(message, result.output, re.DOTALL), result.output
    assert not (folder / "out.parquet").exists()


def test_files_that_are_none(folder):
    (folder / "text.parquet").write_text("text")
    result = invoke("degrade", folder / "text.parquet", folder / "out.parquet")
    assert result.exit_code == 2
    assert "text.parquet: this is not a Parquet file" in result.output
    result = invoke("degrade", folder / "mentions.parquet", folder / "out.csv")
    assert "out.csv: mentions are written here as .parquet" in result.output
    with pytest.raises(SchemaError, match=r"readings\.parquet: table mentions has no column"):
        read_whole(folder / "readings.parquet")


def test_polarities_that_mean_nothing_are_refused(folder):
    table = pq.read_table(folder / "mentions.parquet")
    place = table.schema.get_field_index("polarity")
    strange = table.set_column(place, "polarity", pa.array(["maybe"] * len(table)))
    pq.write_table(strange, folder / "strange.parquet")
    with pytest.raises(SchemaError, match="1 of its polarities are none of positive, negative"):
        read_whole(folder / "strange.parquet")
