"""`make faults`: run cases as long as one likes, and print a table and the smallest inputs.

python -m tests.faults --n 10000 --seed 0 [--only label]
python -m tests.faults --again 'label csv' reports.csv cut:17
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.faults.base import make_base
from tests.faults.commands import LINES
from tests.faults.fuzz import Case, Failure, Fuzzer

KINDS = (
    "traceback",
    "hang",
    "memory",
    "bare",
    "nameless",
    "long",
    "silent",
    "not finite",
    "litter",
)


def main() -> int:
    """Run what the command line asks for; 1 where something failed that is not known."""
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
        if arguments.again:
            command, file, *damages = arguments.again
            failures = fuzzer.judge(Case(command, file, tuple(damages)))
            print("\n".join(map(str, failures)) or "no failure")
            return bool(failures)
        names = [name for name in LINES if name.startswith(arguments.only)]
        return bool(search(fuzzer, names, arguments.n, arguments.seed))


def search(fuzzer: Fuzzer, names: list[str], n: int, seed: int) -> list[Failure]:
    """Run drawn cases, print what fails as it is met, and a table; give what is not known."""
    begin = time.monotonic()
    runs: Counter[str] = Counter()
    found: dict[str, Failure] = {}
    counts: Counter[tuple[str, str]] = Counter()
    cases = fuzzer.cases(Random(seed), names)
    for _ in range(n):
        case = next(cases)
        runs[case.command.split()[0]] += 1
        for failure in fuzzer.judge(case):
            counts[case.command.split()[0], failure.kind] += 1
            if failure.signature not in found and not failure.is_known:
                found[failure.signature] = failure
                show(fuzzer, case, failure)
    print(f"\n{n} inputs, seed {seed}, {time.monotonic() - begin:.0f} s,", end=" ")
    print(f"peak memory {fuzzer.peak_mib:.0f} MiB, {len(found)} faults\n")
    print("command".ljust(18), "inputs", *KINDS)
    for name, number in sorted(runs.items()):
        row = [str(counts[name, kind] or "–").rjust(len(kind)) for kind in KINDS]
        print(name.ljust(18), str(number).rjust(6), *row)
    return list(found.values())


def show(fuzzer: Fuzzer, case: Case, failure: Failure) -> None:
    """Print a failure, the smallest input that fails so, and how to repeat it."""
    print(f"\n{failure.signature}\n  {failure.detail[:300]!r}")
    smallest = fuzzer.minimised(case, failure)
    if smallest is not None and len(smallest) <= 500:
        print(f"  {case.file} = {smallest!r}")
    print(f"  python -m tests.faults --again {case}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
