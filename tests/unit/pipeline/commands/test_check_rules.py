"""What check-rules prints and how it ends; what it compares is in `dictation/checking`."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from gazescribe.pipeline.commands.cli import main
from tests.conftest import ROOT

GOLD = "report_id,start,end,label,polarity,report\na,7,12,pulmonary edema,1,Stable edema.\n"


def check(*words):
    result = CliRunner().invoke(main, ["check-rules", *map(str, words)])
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path):
    folder = shutil.copytree(ROOT / "rules", tmp_path / "mine")
    path = folder / "polarity" / "negation_before.yaml"
    path.write_text(path.read_text() + '  - id: stable\n    phrases: ["stable"]\n')
    return folder


def test_the_shipped_rules_pass():
    code, printed = check(ROOT / "rules")
    assert code == 0
    assert "(these are the shipped rules): gold sentences: " in printed
    assert "0 flips (0 worse, 0 better)" in printed


def test_an_edit_is_told_by_label_family_cause_and_sentence(folder):
    code, printed = check(folder)
    assert code == 2
    lines = printed.splitlines()
    assert any(
        line.startswith("  pleural effusion: ") and ", F1 1.000 → 0.9" in line for line in lines
    )
    assert any(line.startswith("  negation.*: decides ") for line in lines)
    assert any(" by negation.stable (polarity/negation_before.yaml line" in line for line in lines)
    place = lines.index(next(line for line in lines if line.endswith("Stable effusion, no edema.")))
    assert lines[place].startswith("worse  gold/lists.yaml line ")
    labels = "pleural abnormality, pleural effusion"
    rules = (folder / "polarity" / "negation_before.yaml").read_text().splitlines()
    line = rules.index('    phrases: ["stable"]') + 1
    assert lines[place + 1 : place + 5] == [
        f"       'effusion' ({labels}): positive → negative, expected positive",
        f"         before: {lines[place + 2].partition(': ')[2]}",
        f'         now:    negation.stable "Stable" (polarity/negation_before.yaml line {line})',
        "         reason: A denial ends where a new clause or a new finding begins.",
    ]
    assert "default.mentioned (pleural_effusion, vocabulary/pleura.yaml line" in lines[place + 2]


def test_a_gold_table_is_judged_too(folder, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text(GOLD)
    code, printed = check(folder, "--gold", gold, "--json")
    assert code == 2
    details = json.loads(printed)
    assert details["reports"]["n_right"] == {"before": 1, "now": 0}
    (flip,) = details["reports"]["flips"]
    assert (flip["where"], flip["before"], flip["now"]) == ("a", "positive", "negative")
    assert flip["is_worse"]
    assert details["sentences"]["macro_f1"]["before"] == 1
    assert details["baseline"]["f1"] == {"pulmonary edema": 1}
    _, printed = check(folder, "--gold", gold)
    assert "  spaCy + negspacy on these mentions: 1 right, macro F1 1.000" in printed.splitlines()


def test_a_sentence_that_was_never_right_is_shown(tmp_path):
    folder = shutil.copytree(ROOT / "rules", tmp_path / "mine")
    path = folder / "gold" / "denial.yaml"
    path.write_text(path.read_text().replace('"No [pneumothorax]PX-."', '"No [pneumothorax]PX+."'))
    code, printed = check(folder)
    assert code == 2
    assert re.search(
        r"^wrong  gold/denial\.yaml line \d+: No pneumothorax\.$", printed, re.MULTILINE
    )
    assert "pneumothorax, 'pneumothorax': negative, expected positive" in printed


def test_all_faults_are_printed(folder):
    path = folder / "vocabulary" / "edema.yaml"
    path.write_text(path.read_text().replace("    labels:", "    lables:"))
    code, printed = check(folder)
    assert code == 2
    assert printed.startswith(f"error: {folder}: the rules cannot be used.")
    n_concepts = path.read_text().count("lables")
    assert printed.count("vocabulary/edema.yaml line") == 2 * n_concepts
    assert "Traceback" not in printed
