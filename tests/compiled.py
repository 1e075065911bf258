"""Build the wheel with the compiled labeler, and hold its answers to those of plain Python.

    python -m tests.compiled

The gold sentences, and thousands of new ones by `benchmarks/labeler.py`, are labelled and explained
by both. It ends with 0 where there is no C compiler, and says so. About a minute.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from compiled import compiled_package, compiler  # the path is set above

SEEDS = range(3)
SENTENCES = 5000  # of each seed
ANSWER = """
import json, sys
from gazescribe.pipeline.dictation.labeler import IS_COMPILED, Labeler
labeler = Labeler.from_rules(sys.argv[1])
texts = json.load(sys.stdin)
answers = [*zip(labeler.label(texts), (concepts for _, concepts in labeler.explain(texts)))]
json.dump([IS_COMPILED, answers], sys.stdout)
"""


def main() -> None:
    """Compare; end with 1 and the first sentence where answers differ."""
    if compiler() is None:
        click.echo("no C compiler here: nothing was compared")
        return
    texts = sentences()
    with tempfile.TemporaryDirectory() as folder:
        is_compiled, compiled = answers(compiled_package(Path(folder)), texts)
    is_plain, plain = answers(ROOT, texts)
    if not is_compiled or is_plain:
        sys.exit("the wheel was not compiled, or the checkout was")
    for text, ours, theirs in zip(texts, plain, compiled, strict=True):
        if ours != theirs:
            sys.exit(f"{text!r}\nplain     {ours}\ncompiled  {theirs}")
    click.echo(f"{len(texts):,} sentences have the same answers")


def sentences() -> list[str]:
    """Give the gold sentences, and new ones."""
    from labeler import Wording

    from gazescribe.pipeline.dictation.labeler.gold_sentences import load_gold_sentences
    from gazescribe.pipeline.dictation.labeler.loading import load_rules

    texts = [sentence.text for sentence in load_gold_sentences().sentences]
    for seed in SEEDS:
        wording = Wording(load_rules(), seed)
        texts += [wording.sentence() for _ in range(SENTENCES)]
    return texts


def answers(package: Path, texts: list[str]) -> tuple[bool, list[object]]:
    """Label and explain sentences with the code of a folder, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", ANSWER, str(ROOT / "rules")],
        input=json.dumps(texts),
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package)},
        check=True,
        capture_output=True,
        text=True,
    )
    is_compiled, rows = json.loads(ran.stdout)
    return is_compiled, rows


if __name__ == "__main__":
    main()
