"""Fenced blocks of the documentation, and how they are run.

A block is run unless a comment `<!-- needs: … -->` stands before it. A path alone on the line
before a block names the file that the block is. A `text` block behind one that ran is what it
prints (… stands for anything).
"""

import re
import shlex
import subprocess
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import click
from click.testing import CliRunner

from gazescribe.pipeline.commands.cli import main

FENCE = re.compile(
    r"(?:^<!-- needs: (?P<needs>[^\n]+) -->\n)?(?:^`(?P<file>[^`\n]+)`\n\n)?"
    r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PLACEHOLDER = {"P300R123456": "P300R891130"}  # the reading of docs/tutorial.md


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    kind: str
    text: str
    needs: str | None
    file: str | None

    @property
    def where(self):
        return f"{self.page.name}:{self.line}"


def blocks_of(page):
    text = page.read_text()
    return [
        Block(
            page,
            text.count("\n", 0, found.start("kind")) + 1,
            *found.group("kind", "text"),
            *found.group("needs", "file"),
        )
        for found in FENCE.finditer(text)
    ]


def needs(block):
    """What a block needs; those of README.md carry no comment, so their commands say it."""
    if block.needs or block.page.name != "README.md" or block.kind != "sh":
        return block.needs
    first = [line.split()[0] for line in commands_of(block)]
    return next((name for name in ("make", "dvc") if name in first), None)


def commands_of(block):
    joined = block.text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def words_of(line):
    return [PLACEHOLDER.get(word, word) for word in shlex.split(line, comments=True)]


def run_line(line):
    """Run a line in the current folder; give what it printed."""
    words = words_of(line)
    if words[0] != "gazescribe":
        return subprocess.run(
            ["bash", "-euc", line], check=True, capture_output=True, text=True
        ).stdout
    command = main.get_command(click.Context(main), words[1])
    if any(option.name == "workers" for option in command.params) and words[1] != "predict":
        words += ["--workers", "1"]
    result = CliRunner().invoke(main, words[1:])
    expected = 2 if line.endswith("# fails") else 0
    assert result.exit_code == expected, f"{line}\n{result.output}"
    return result.output


def run_blocks(page, folder):
    """Run the blocks of a page in a folder, in order, and compare what they print."""
    names, printed = {}, ""
    with chdir(folder):
        for block in blocks_of(page):
            if block.kind == "text":
                if printed:
                    assert_printed(block, printed)
                printed = ""
            elif needs(block):
                printed = ""
            elif block.file:
                Path(block.file).parent.mkdir(parents=True, exist_ok=True)
                Path(block.file).write_text(block.text)
            elif block.kind == "sh":
                printed = "".join(run_line(line) for line in commands_of(block))
            elif block.kind == "python":
                printed = run_python(block, names)


def run_python(block, names):
    with redirect_stdout(StringIO()) as out:
        exec(compile(block.text, block.where, "exec"), names)  # noqa: S102  # our own page
    return out.getvalue()


def assert_printed(block, printed):
    pattern = "".join(
        ".*?" if part == "…" else re.escape(part) for part in re.split("(…)", block.text.strip())
    )
    assert re.fullmatch(pattern, printed.strip(), re.DOTALL), (
        f"{block.where} says\n{block.text}\nbut this was printed\n{printed}"
    )
