"""`make faults`: run cases as long as one likes; print a table, and each fault's smallest input.

python -m tests.faults --n 10000 --seed 0 [--only label]
python -m tests.faults --again 'label csv' reports.csv cut:17
python -m tests.faults --again kill associate 12
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.base import make_base
from tests.faults.commands import LINES
from tests.faults.fuzz import Case, Failure, Fuzzer
from tests.faults.interruptions import WRITERS, Interrupter

KINDS = (
    *("traceback", "hang", "memory", "bare", "nameless", "long", "silent", "not finite", "litter"),
    "interrupted",
)
SHOWN_EVERY = 100
EVERY = 10  # one of so many inputs is a healthy one whose run is disturbed


def main() -> int:
    """Run what the command line asks for; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="commands whose names begin so")
    parser.add_argument("--again", nargs="+", metavar=("COMMAND FILE", "DAMAGE"))
    parser.add_argument("--base", type=Path, help="keep the healthy project here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = make_base(arguments.base or Path(scratch) / "base")
        fuzzer = Fuzzer(base, Path(scratch) / "case")
        search = Search(fuzzer, Interrupter(fuzzer, Path(scratch)))
        if arguments.again:
            failures = search.again(*arguments.again)
            print("\n".join(map(str, failures)) or "no failure")
            return bool(failures)
        names = [name for name in LINES if name.startswith(arguments.only)]
        search.run(names, arguments.n, arguments.seed)
        return bool(search.found)


class Search:
    """Runs drawn cases, and prints what fails as it is met."""

    def __init__(self, fuzzer: Fuzzer, interrupter: Interrupter) -> None:
        self.fuzzer, self.interrupter = fuzzer, interrupter
        self.found: set[str] = set()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.disturbed: Counter[str] = Counter()

    def again(self, first: str, second: str, *more: str) -> list[Any]:
        """Run one case as it was printed."""
        if first in ("kill", "fill", "overlap"):
            return self.interrupter.disturb(first, second, float(more[0]))
        return self.fuzzer.judge(Case(first, second, more))

    def run(self, names: list[str], n: int, seed: int) -> None:
        """Run cases of these commands and print the table."""
        begin, random = time.monotonic(), Random(seed)
        cases = self.fuzzer.cases(random, names)
        writers = [name for name in names if name in WRITERS]
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C: the table of what was run so far
            for number in range(n):
                if number % EVERY or not writers:
                    self._damage(next(cases))
                else:
                    self._disturb(*self.interrupter.draw(random, writers))
                if number % SHOWN_EVERY == SHOWN_EVERY - 1:
                    print(f"{number + 1} inputs, {len(self.found)} faults", file=sys.stderr)
        n_run = sum(count for (_, kind), count in self.counts.items() if kind == "inputs")
        print(f"\n{n_run} inputs, seed {seed}, {time.monotonic() - begin:.0f} s,", end=" ")
        print(f"peak memory {self.fuzzer.peak_mib:.0f} MiB, {len(self.found)} faults\n")
        disturbed = ", ".join(f"{how} {n}" for how, n in sorted(self.disturbed.items()))
        print(f"of them healthy ones, disturbed: {disturbed or 'none'}\n")
        print("command".ljust(18), "inputs", *KINDS)
        for name in sorted({name for name, _ in self.counts}):
            row = [str(self.counts[name, kind] or "–").rjust(len(kind)) for kind in KINDS]
            print(name.ljust(18), str(self.counts[name, "inputs"]).rjust(6), *row)

    def _damage(self, case: Case) -> None:
        self.counts[case.command.split()[0], "inputs"] += 1
        for failure in self.fuzzer.judge(case):
            self.counts[case.command.split()[0], failure.kind] += 1
            if failure.signature not in self.found:
                self.found.add(failure.signature)
                self._show(case, failure)

    def _disturb(self, how: str, name: str, where: float) -> None:
        self.counts[name.split(maxsplit=1)[0], "inputs"] += 1
        self.disturbed[how] += 1
        problems = self.interrupter.disturb(how, name, where)
        self.counts[name.split(maxsplit=1)[0], "interrupted"] += bool(problems)
        if problems and f"{how} {name}" not in self.found:
            self.found.add(f"{how} {name}")
            print(f"\n{how} {name}\n  {problems}")
            print(f"  python -m tests.faults --again {how} '{name}' {where}", flush=True)

    def _show(self, case: Case, failure: Failure) -> None:
        """Print a failure, the smallest input that fails so, and how to repeat it."""
        print(f"\n{failure.signature}\n  {failure.detail[:300]!r}")
        smallest = self.fuzzer.minimised(case, failure)
        if smallest is not None and len(smallest) <= 500:
            print(f"  {case.file} = {smallest!r}")
        print(f"  python -m tests.faults --again {case}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
