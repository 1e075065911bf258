"""`make month`: a month of training in minutes, with all that goes wrong in one.

python -m tests.month [--seed 0] [--disturbances 14] [--short]

Two copies of the project train every model of both papers, tiny. In the quiet one `dvc repro`
trains all models of a network in one process. In the other each run is a stage (`runs/dvc.yaml`);
DVC and what it started are killed at random moments, files beyond a random size are refused as on a
full disk, models and seeds are added to the profile and taken away. In the end the two must hold
the same bytes, nothing that was finished may have been written twice, and the log says how many
epochs were trained in vain: at most one for each disturbance.

Commands run in forks of one process (`tests/forks.py`), so that a run takes a second. Left out:
Inception-ResNet-v2, which has no tiny form.
"""

import argparse
import hashlib
import json
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.forks import Server
from tests.unit.models.cooperative import cooperative_cases
from tests.unit.models.mil import mil_scored

COPIED = (
    "pipeline",
    "models",
    "rules",
    "data_manifests",
    "params",
    "reviews",
    ".dvc/config",
    ".dvcignore",
)
VOLATILE = re.compile(
    rb'"(seconds|prepare_s|peak_memory_mib|images_a_second|s_an_image)": [\d.e-]+'
)
TIMED = ("inference_time.", "joint", "tables.", "tabulate.json")
"""Results that show times: of an image, of joint and staged training, and what sums up all."""
NOT_TINY = ("inception_resnet",)
SHORT = {"cooperative": ["contrastive"]}
SYSTEMS = ("mil", "cooperative")


@dataclass
class Project:
    """A copy of the project with a profile of tiny networks."""

    folder: Path
    server: Server
    models: dict[str, list[str]]
    with_tables: bool
    seeds: list[int] = field(default_factory=lambda: [0])

    def make(self, data: Path) -> None:
        """Copy the project; `data` has the inputs of both networks."""
        for name in COPIED:
            source, target = ROOT / name, self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        shutil.copytree(data, self.folder / "data")
        (self.folder / ".gitignore").write_text("/data/\n/results/\n.runs/\n")
        self._write_params()
        self._write_stages()
        self.configure()
        for line in ("init -q", "add -A", "commit -qm copy"):
            identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
            subprocess.run(("git", *identity, *line.split()), cwd=self.folder, check=True)

    def _write_params(self) -> None:
        content = yaml.safe_load((ROOT / "params.yaml").read_text())
        content["profile"] = "month"
        content["tabulate"]["n_bootstrap"] = 10
        content["maps"] = "shards"  # which these data have
        inputs = json.loads((self.folder / "data" / "inputs.json").read_text())
        for system in SYSTEMS:
            of_maps = ("maps", "drawing", "masks")  # `configure` adds them, from other sections
            content[system]["inputs"] = {
                key: value for key, value in inputs[system].items() if key not in of_maps
            }
        self._dump(content, "params.yaml")

    def configure(self) -> None:
        """Write the profile, and a stage for each of its runs."""
        content = yaml.safe_load((ROOT / "params" / "demo.yaml").read_text())
        content["mil"] |= {"image_size": 32, "batch_size": 2}
        if "mil" in self.models:
            content["mil"]["models"] = self.models["mil"]
        content["cooperative"]["models"] = {name: {} for name in self.models["cooperative"]}
        for system in SYSTEMS:
            content[system] |= {"seeds": self.seeds, "epochs": 2}
        self._dump(content, "params/month.yaml")
        client = Path(self.server.address).with_name("gazescribe")
        subprocess.run((client, "runs", "dvc"), cwd=self.folder, check=True)
        for name in ("dvc.yaml", "runs/dvc.yaml") if not self.with_tables else ():
            content = yaml.safe_load((self.folder / name).read_text())
            for system in SYSTEMS:
                stage = content["stages"][f"tabulate-{system}"]
                stage["cmd"] = f"mkdir -p {stage['outs'][0]}"
            self._dump(content, name)

    def _write_stages(self) -> None:
        """Keep the stages of the networks; what comes before them is there."""
        content = yaml.safe_load((ROOT / "dvc.yaml").read_text())
        kinds = ("configure", "train", "evaluate", "tabulate")
        made = ("data/configs", "data/models", "data/scores")
        stages = {}
        for name in [f"{kind}-{system}" for kind in kinds for system in SYSTEMS]:
            stage = content["stages"][name]
            words = stage["cmd"].split()
            if "--drawn" in words:
                words = words[: words.index("--drawn")]
            deps = [x for x in stage["deps"] if x.startswith(made) or not x.startswith("data/")]
            stages[name] = {**stage, "cmd": " ".join(words), "deps": deps}
        self._dump({"stages": stages}, "dvc.yaml")

    def _dump(self, content: Any, name: str) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def run(
        self, *words: str, commands: int | None = None, after_s: float = 0, **limit: Any
    ) -> int | None:
        """Run DVC; kill it, and all that it started, so long after it has begun so many commands.

        Give its exit code, None where it was killed.
        """
        before = self.server.n_commands
        client = self.server.start(self.folder, *words, **limit)
        end: float | None = None
        while not select.select([client], [], [], 0.05)[0]:
            if end is None and commands and self.server.n_commands >= before + commands:
                end = time.monotonic() + after_s
            if end is not None and time.monotonic() > end:
                client.close()
                time.sleep(0.5)  # until the server has killed it
                return None
        code = int(client.recv(16) or b"1")
        client.close()
        return code

    @property
    def targets(self) -> list[str]:
        """Stages that stand for all runs, one by one."""
        return [f"runs/dvc.yaml:tabulate-{system}" for system in self.models]

    def files(self, folder: str) -> dict[str, str]:
        """Hash what lies in a folder, but for times and memory."""
        hashes = {}
        for path in sorted((self.folder / folder).rglob("*")):
            if path.is_file() and not path.name.startswith((".", *TIMED)):
                content = VOLATILE.sub(rb"\1", path.read_bytes())
                name = str(path.relative_to(self.folder / folder))
                hashes[name] = hashlib.sha256(content).hexdigest()
        return hashes

    def finished(self) -> dict[str, tuple[int, int]]:
        """Say which file is what was finished so far: inode and time of change."""
        marks = {}
        for pattern in ("*/run/model.safetensors", "*/scores/*/scores.json"):
            for path in (self.folder / ".runs").glob(pattern):
                marks[str(path)] = (path.stat().st_ino, path.stat().st_mtime_ns)
        return marks

    def epochs(self) -> tuple[int, int]:
        """Count the epochs that runs consist of, and those that were begun."""
        done = begun = 0
        for path in (self.folder / ".runs").glob("*/state.json"):
            state = json.loads(path.read_text())
            done += state["epoch"]
            begun += state.get("epochs_begun", 0)
        return done, begun


def make_data(folder: Path) -> None:
    """Write the inputs of both networks, and what they are called."""
    mil = mil_scored.world(folder / "mil")
    for number in range(8):
        subject = 99_000_000 + number
        mil.image(f"train-{number}", subject, Edema=("positive", "negative")[number % 2])
        label = ("Edema", "Opacity", "Pneumothorax")[number % 3]
        for dataset, phase in (("reflacx", 3), ("egd", None)):
            name = f"{dataset}-{number}"
            mil.reading(name, subject, said=label, dataset=dataset, phase=phase)
        mil.map("label", f"reflacx-{number}", label)
        mil.map("ellipse", f"reflacx-{number}", label, peak=None)
        mil.ellipse(f"reflacx-{number}", "Pneumothorax", 4)
        mil.map("report", f"reflacx-{number}")
        mil.map("egd", f"egd-{number}", label)
    for split in ("R0a", "R0b", "R1a", "R1b"):
        mil.map("report", split)
    cooperative = cooperative_cases.balanced_world(folder / "cooperative")
    written = {"mil": asdict(mil.write()), "cooperative": asdict(cooperative.write())}
    for name in ("channels", "own_channels", "labels"):
        del written["mil"][name]
    counts = json.dumps({"n_readings_gaze_begins_late": 0})
    (folder / "mil" / "associated-egd" / "associate.json").write_text(counts)
    (folder / "inputs.json").write_text(json.dumps(_below_data(written, folder)))


def _below_data(value: object, folder: Path) -> object:
    """Name files of a folder as those of `data`; all else stays."""
    if isinstance(value, dict):
        return {name: _below_data(part, folder) for name, part in value.items()}
    if isinstance(value, str) and Path(value).is_relative_to(folder):
        return f"data/{Path(value).relative_to(folder)}"
    return value


def every_model() -> dict[str, list[str]]:
    """Name the models of both networks."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    return {
        system: [name for name in content[system]["variants"] if name not in NOT_TINY]
        for system in SYSTEMS
    }


def month(
    folder: Path,
    models: dict[str, list[str]],
    n: int,
    *,
    server: Server,
    seed: int,
    with_tables: bool = True,
) -> dict[str, Any]:
    """Train in peace and in trouble; give what is in the log, with all problems.

    Tables take half of the time, and have tests of their own.
    """
    make_data(folder / "data")
    quiet = Project(folder / "quiet", server, models, with_tables)
    few = {system: names[: max(1, len(names) // 2)] for system, names in models.items()}
    loud = Project(folder / "loud", server, few, with_tables)
    return _month(quiet, loud, n, Random(seed))


def _month(quiet: Project, loud: Project, n: int, random: Random) -> dict[str, Any]:
    began = time.monotonic()
    data = quiet.folder.parent / "data"
    problems: list[str] = []
    quiet.make(data)
    if quiet.run("repro", *(f"tabulate-{system}" for system in quiet.models)) != 0:
        problems.append("the quiet run failed")
    quiet_s = time.monotonic() - began
    loud.make(data)
    events: list[str] = []
    finished: dict[str, tuple[int, int]] = {}
    for number in range(n + 1):
        if number == n // 3:
            loud.seeds = [0, 1]
            loud.configure()
            events.append("seed 1 was added")
        if number == n // 2:
            loud.models, loud.seeds = quiet.models, [0]
            loud.configure()
            events.append("all models were added, seed 1 was taken away")
        if number < n:
            events.append(_disturb(loud, random))
        elif loud.run("repro", *loud.targets) != 0:
            problems.append("the last run failed")
        kept = loud.finished()
        problems += [
            f"{name} was finished twice" for name in finished if kept[name] != finished[name]
        ]
        finished |= kept
    problems += _compare(quiet, loud)
    done, begun = loud.epochs()
    if begun - done > n:
        problems.append(f"{begun - done} epochs were trained in vain by {n} disturbances")
    return {
        "events": events,
        "problems": problems,
        "runs": sum(len(names) for names in quiet.models.values()),
        "epochs needed": done,
        "epochs begun": begun,
        "finished, never touched again": len(finished),
        "quiet s": round(quiet_s),
        "seconds": round(time.monotonic() - began),
    }


def _disturb(project: Project, random: Random) -> str:
    """Run DVC in one of its ways until it is killed, or finds the disk full; say what happened."""
    how = random.choice(("repro", "repro", "family", "experiment", "full"))
    ways = {
        "family": ("repro", f"train-{next(iter(project.models))}"),
        "experiment": ("exp", "run", *project.targets),
    }
    words = ways.get(how, ("repro", *project.targets))
    line = f"dvc {' '.join(words)}"
    if how == "full":
        size = random.randint(1_000, 100_000)
        code = project.run(*words, file_size=size)
        return f"{line}, files up to {size:,} bytes: exit {code}"
    commands, seconds = random.randint(1, 12), random.uniform(0, 3)
    code = project.run(*words, commands=commands, after_s=seconds)
    for lock in (".git/index.lock", ".dvc/tmp/lock"):  # as a person would
        (project.folder / lock).unlink(missing_ok=True)
    for name in ("dvc.lock", "runs/dvc.lock"):  # DVC writes it in place (docs/training.md)
        path = project.folder / name
        if path.is_file() and not path.stat().st_size:
            path.unlink()
    outcome = f"killed {seconds:.1f} s into command {commands}" if code is None else f"exit {code}"
    return f"{line}: {outcome}"


def _compare(quiet: Project, loud: Project) -> list[str]:
    """Name what the two did not do alike; runs that only the second has were asked for between."""
    places = {}
    for system in quiet.models:
        places[f"data/models/{system}"] = f"data/runs/{system}"
        places[f"data/scores/{system}"] = f"data/runs/{system}-scores"
        if quiet.with_tables:
            places[f"results/{system}"] = f"results/{system}-runs"
    problems = []
    for one, other in places.items():
        expected, found = quiet.files(one), loud.files(other)
        if not expected:
            problems.append(f"{one} is empty")
        problems += [
            f"{one}/{name} differs" for name in expected if found.get(name) != expected[name]
        ]
    return problems


def main() -> int:
    """Run a month; 1 where something was computed twice, or differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.month", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--disturbances", type=int, default=14)
    parser.add_argument("--short", action="store_true", help="one model")
    parser.add_argument("--folder", type=Path, help="keep all here")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="month"))
    folder.mkdir(parents=True, exist_ok=True)
    models = SHORT if arguments.short else every_model()
    n, with_tables = arguments.disturbances, not arguments.short
    server = Server(folder)
    try:
        log = month(folder, models, n, server=server, seed=arguments.seed, with_tables=with_tables)
    finally:
        server.close()
    print(json.dumps(log, indent=2))
    return int(bool(log["problems"]))


if __name__ == "__main__":
    sys.exit(main())
