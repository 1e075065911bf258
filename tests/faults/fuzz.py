"""The fuzzer: damage what commands read, run them, judge what comes, find the smallest input."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq

from tests.faults import damages
from tests.faults.commands import LINES
from tests.faults.damages import DAMAGES
from tests.faults.runs import Outcome, Snapshot, listing, run, strays, workplace, written

RECORD_INPUTS = ("sources", "fingerprint", "train", "train drawn", "evaluate")
"""Their output names the hashes of what they read."""
OPTIONAL = {("report", "associate.json"), ("tabulate mil", "columns.yaml")}
"""Commands that do without a file, and what they write shows that it is not there."""


@dataclass(frozen=True)
class Case:
    """A command, a file that it reads, and what is done to the file: names with a seed each."""

    command: str
    file: str
    damages: tuple[str, ...]

    def __str__(self) -> str:
        return f"'{self.command}' {self.file} {' '.join(self.damages)}"


@dataclass(frozen=True)
class Failure:
    """What is wrong with a run; failures of one signature are one fault of the program."""

    kind: str
    command: str
    detail: str

    @property
    def signature(self) -> str:
        """Say where a traceback came from, and else the command and what was done to which file."""
        return f"{self.kind}: {self.detail.partition(':')[0]}"


class Fuzzer:
    """Runs cases on a base; knows what each command gives on healthy files."""

    def __init__(self, base: Path, root: Path) -> None:
        self.base, self.root = base, root
        self._healthy: dict[str, tuple[Outcome, Snapshot]] = {}
        self.peak_mib = 0.0

    def healthy(self, name: str) -> tuple[Outcome, Snapshot]:
        """Give the outcome of a command on files that nobody damaged, and what it wrote."""
        if name not in self._healthy:
            command = LINES[name]
            with workplace(self.base, command, self.root) as folder:
                outcome = run(command.line, folder)
                assert outcome.exit == 0 or name == "verify egd", (name, outcome)
                self._healthy[name] = outcome, written(folder)
        return self._healthy[name]

    def cases(self, random: Random, names: list[str]) -> Iterator[Case]:
        """Draw cases without end, each command as often as the others."""
        reading = [name for name in names if self.files(name)]
        while reading:
            name = random.choice(reading)
            files = self.files(name)
            file = random.choice(files[random.choice(list(files))])
            fitting = damages.fitting(Path(file))
            drawn = random.sample(fitting, random.choice((1, 1, 1, 2)))
            yield Case(name, file, tuple(f"{one}:{random.randrange(10**6)}" for one in drawn))

    def files(self, name: str) -> dict[str, list[str]]:
        """List the files that a command reads, by name: there are many pictures, and one list."""
        found: dict[str, list[str]] = {}
        for text in LINES[name].inputs(self.base):
            place = self.base / text
            for path in [place] if place.is_file() else sorted(place.rglob("*")):
                if path.is_file():
                    key = re.sub(r"\d+", "", path.name)
                    found.setdefault(key, []).append(str(path.relative_to(self.base)))
        return found

    def judge(self, case: Case, content: bytes | None = None) -> list[Failure]:
        """Run a case, with this content of the file if it is given, and say what is wrong."""
        command = LINES[case.command]
        printed, expected = self.healthy(case.command)
        with workplace(self.base, command, self.root) as folder:
            path = folder / case.file
            if content is None:
                damage(path, case.damages)
            else:
                damages.rewrite(path, content)
            before = listing(self.root)
            outcome = run(command.line, folder)
            self.peak_mib = max(self.peak_mib, outcome.peak_mib)
            problems = dict(_faults_of(outcome, path))
            if stray := strays(before, listing(self.root)):
                problems["litter"] = f"{case.command}: {', '.join(stray[:5])}"
            if outcome.exit == 0:
                problems |= _silent(case, outcome, printed, written(folder), expected)
                if unfit := _unfit(folder):
                    problems["not finite"] = f"{case.command} of {_kind(case)}: {unfit}"
        return [Failure(kind, case.command, detail) for kind, detail in problems.items()]

    def minimised(self, case: Case, failure: Failure) -> bytes | None:
        """Give the smallest content found that still fails so; None if the damage is no content."""
        with workplace(self.base, LINES[case.command], self.root) as folder:
            damage(folder / case.file, case.damages)
            path = folder / case.file
            content = path.read_bytes() if path.is_file() else None
        if content is None or Path(case.file).suffix not in damages.TEXT or len(content) > 10**5:
            return content if content is not None and len(content) < 200 else None

        def fails(parts: list[bytes]) -> bool:
            found = self.judge(case, b"".join(parts))
            return failure.signature in {one.signature for one in found}

        lines = _fewest(content.splitlines(keepends=True), fails)
        return b"".join(_fewest(re.split(rb"(?<=[,:\s])", b"".join(lines)), fails))


def damage(path: Path, names: tuple[str, ...]) -> None:
    """Do to a file what the names say, one after another; what does not fit any more is left."""
    for name in names:
        kind, _, seed = name.partition(":")
        if path.is_file() and not path.is_symlink():
            try:
                DAMAGES[kind].apply(path, Random(int(seed or 0)))
            except Exception:  # whatever reading a damaged file raises
                if name == names[0]:
                    raise


def _fewest(
    parts: list[bytes], fails: Callable[[list[bytes]], bool], tries: int = 60
) -> list[bytes]:
    """Leave out parts, many at first, as long as the rest still fails."""
    size = len(parts) // 2
    while size and tries:
        at = 0
        while at < len(parts) and tries:
            rest = parts[:at] + parts[at + size :]
            tries -= 1
            if fails(rest):
                parts = rest
            else:
                at += size
        size //= 2
    return parts


def _kind(case: Case) -> str:
    return f"{Path(case.file).name} {'+'.join(name.partition(':')[0] for name in case.damages)}"


def _faults_of(outcome: Outcome, path: Path) -> Iterator[tuple[str, str]]:
    """Say what must never come of any run."""
    if outcome.is_hung:
        yield "hang", outcome.fault
    elif "MemoryError" in outcome.fault or outcome.exit is None:
        yield "memory", outcome.fault or outcome.output[-300:]
    elif outcome.exit not in (0, 2) or "Traceback (most" in outcome.output:
        yield "traceback", outcome.fault or outcome.output[-300:]
    if "[Errno" in outcome.output:
        yield "bare", re.sub(r".*(\[Errno \d+\] [^:]*):?", r"\1:", outcome.output.strip())
    if outcome.exit == 2 and outcome.output.lower().lstrip().startswith("error:"):
        names = {path.name, path.stem, path.parent.name}
        if not any(name in outcome.output for name in names):
            yield "nameless", f"{path.name}: {outcome.output[:300]}"
    if len(outcome.output) > 20_000:
        yield "long", f"{path.name}: {outcome.output[:100]}"


def _silent(
    case: Case, outcome: Outcome, printed: Outcome, written: Snapshot, expected: Snapshot
) -> dict[str, str]:
    """Say whether a run that ended well gives something wrong, and does not tell."""
    grades = {DAMAGES[name.partition(":")[0]].grade for name in case.damages}
    if "may" in grades or case.command in RECORD_INPUTS:
        return {}
    if (
        case.damages[0].startswith("other_thing")
        and (case.command, Path(case.file).name) in OPTIONAL
    ):
        return {}
    if "same" not in grades:  # then counts may tell of it in a JSON alone
        written, expected = _without_json(written), _without_json(expected)
    if written == expected:
        return {}
    if "broken" in grades and outcome.output != printed.output:
        return {}
    return {"silent": f"{case.command} of {_kind(case)}: {outcome.output[-200:]}"}


def _without_json(files: Snapshot) -> Snapshot:
    return {path: sha256 for path, sha256 in files.items() if not path.endswith(".json")}


def _unfit(folder: Path) -> str:
    """Name a file of OUT whose numbers are no numbers, or that is no JSON."""
    for path in (one for out in folder.glob("OUT*") for one in (out, *out.rglob("*"))):
        if path.suffix == ".json" and path.is_file():
            try:
                json.loads(path.read_text("utf-8"), parse_constant=_refuse)
            except ValueError as error:
                return f"{path.name} {error}"
        elif path.suffix == ".npy":
            array = np.load(path)
            if array.dtype.kind == "f" and not np.isfinite(array.astype("f4")).all():
                return path.name
        elif path.suffix == ".parquet":
            table = pq.read_table(path)
            for field in table.schema:
                numbers = (
                    table[field.name].to_numpy() if str(field.type) == "double" else np.zeros(0)
                )
                if np.isinf(numbers).any():
                    return f"{path.name} {field.name}"
    return ""


def _refuse(constant: str) -> None:
    raise ValueError(f"holds {constant}")
