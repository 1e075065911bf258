"""A minute of the fuzzer with a fixed seed, and inputs that it found once."""

from itertools import islice
from random import Random

import pytest

from tests.faults import damages
from tests.faults.commands import LINES, check_complete
from tests.faults.fuzz import Case

N_CASES = 1  # of each line; `make faults` runs as many as one likes
FOUND = (
    pytest.param(
        "label csv", "reports.csv", "report_id,text\nr0,a, b\n", id="comma without quotes"
    ),
    pytest.param("label csv", "reports.csv", 'report_id,text\nr0,"mild edema\n', id="open quote"),
)
"""The smallest inputs of faults that are mended."""
FOUND_BY_DAMAGE = (
    ("associate jsonl", "read/fixations.parquet", "wrong_column:951151"),  # a column twice
    ("fixations", "seen/regions.parquet", "wrong_column:714521"),  # likewise, in one carried over
    ("tune", "read/sentences.parquet", "wrong_column:20"),
    ("train", "world/images/images-00004.npy", "other_format:778397"),
    ("train drawn", "drawn/images/index.parquet", "other_columns:438053"),  # images of others
    ("report", "run/data/tables/reflacx/ingest.json", "other_thing:485086"),  # a pipe
    ("render", "associated/gaussians.parquet", "rows_shuffled:271682"),
    ("fixations", "seen/attributes.parquet", "rows_shuffled:37301"),
    ("fixations", "seen/sentences.parquet", "rows_shuffled:715476"),
    ("export npy", "maps/index.parquet", "values:707686"),
    ("report", "run/results/mil/iou_by_label.svg", "other_thing:26805"),  # a folder
    ("diff", "maps/heatmaps-00000.npy", "array:354646"),
    ("label jsonl", "reports.jsonl", "other_thing:322792"),  # a link to itself
    ("fixations", "seen/attributes.parquet", "other_thing:488720"),  # nothing
    ("fixations", "seen/sentences.parquet", "other_thing:495671"),  # a link to itself
    ("export npy", "maps/index.parquet", "wrong_column:728065"),  # no metadata
    ("associate learned", "mentions.parquet", "other_columns:426132"),  # no row
    ("fingerprint", "associated/gaussians.parquet", "rows_shuffled:851760"),
)


def test_each_command_is_run():
    check_complete()


@pytest.mark.parametrize("name", LINES)
def test_drawn(fuzzer, name):
    for case in islice(fuzzer.cases(Random(name), [name]), N_CASES):
        assert fuzzer.judge(case) == [], str(case)


def of_tables():
    """Every damage of a table at each command that reads tables; one in sixteen of all."""
    for number, name in enumerate(LINES):
        for damage, about in damages.DAMAGES.items():
            if about.suffixes == (".parquet",):
                yield pytest.param(name, f"{damage}:{number}", id=f"{name} {damage}")


@pytest.mark.parametrize(("name", "damage"), list(of_tables())[::16])
def test_tables_of_others(fuzzer, name, damage):
    files = [file for files in fuzzer.files(name).values() for file in files]
    tables = [file for file in files if file.endswith(".parquet")]
    if not tables:
        pytest.skip("reads no table")
    case = Case(name, Random(damage).choice(tables), (damage,))
    assert fuzzer.judge(case) == [], str(case)


@pytest.mark.parametrize(("name", "file", "content"), FOUND)
def test_found_once(fuzzer, name, file, content):
    assert fuzzer.judge(Case(name, file, ()), content.encode()) == []


@pytest.mark.parametrize(("name", "file", "damage"), FOUND_BY_DAMAGE)
def test_found_once_by_damage(fuzzer, name, file, damage):
    assert fuzzer.judge(Case(name, file, (damage,))) == []
