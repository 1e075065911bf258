import gc
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from gazescribe.pipeline.commands.cli import COMMANDS, GROUPS, main, module_of
from gazescribe.pipeline.commands.options import GazeCommand
from gazescribe.pipeline.core.errors import GazeError, nearest
from tests.running import gazescribe, invoke

ROOT = Path(__file__).parents[4]
HEAVY = ("torch", "spacy", "dask", "distributed", "pandas", "pyarrow", "numpy", "pydantic", "yaml")


QUICK = ("associate", "diff", "export", "fixations", "heatmaps", "render", "tune", "verify")


@pytest.fixture(scope="module")
def loaded():
    """Modules that a fresh process has loaded after each `--help`, one after the other."""
    code = (
        "import sys; from gazescribe.pipeline.commands.cli import main\n"
        "for name in sys.argv[1:]:\n"
        "    words = ['--help'] if name == 'gazescribe' else [name, '--help']\n"
        "    main(words, standalone_mode=False)\n"
        "    print(name, *sorted(sys.modules), file=sys.stderr)\n"
    )
    names = ("gazescribe", *QUICK)
    ran = subprocess.run(
        [sys.executable, "-c", code, *names],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert ran.stdout.count("Usage:") == len(names)
    lines = [line.split() for line in ran.stderr.splitlines()]
    return {name: set(modules) for name, *modules in lines}


def test_help_loads_nothing_heavy(loaded):
    assert "click" in loaded["gazescribe"]
    assert not loaded["gazescribe"] & {*HEAVY, "matplotlib", "skimage", "scipy", "PIL"}


@pytest.mark.parametrize("command", QUICK)
def test_help_of_a_command_loads_nothing_that_is_slow(loaded, command):
    """What an earlier command loads is counted, too: none of them may load these."""
    assert f"gazescribe.pipeline.commands.{command}" in loaded[command]
    slow = {"torch", "spacy", "dask", "distributed", "skimage", "matplotlib", "pandas"}
    assert not loaded[command] & slow


def test_help_names_every_command():
    printed = gazescribe("--help")
    assert [name for name in COMMANDS if f"  {name} " not in printed] == []
    heads = [line[:-1] for line in printed.splitlines() if line.endswith(":")]
    assert heads == ["Options", *GROUPS]


@pytest.mark.parametrize("name", [name for name in COMMANDS if find_spec(module_of(name))])
def test_every_command_loads_and_says_what_it_does(name):
    command = main.get_command(click.Context(main), name)
    assert isinstance(command, GazeCommand)
    assert command.name == name
    assert command.help
    printed = gazescribe(name, "--help")
    assert "--debug" in printed
    assert printed.endswith(f"Example:\n  {command.example}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_each_option_and_argument_is(name):
    command = main.get_command(click.Context(main), name)
    options = [one for one in command.params if isinstance(one, click.Option)]
    unsaid = [one.opts[0] for one in options if not re.match(r"[^\W_]", one.help or "")]
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    named = [one.human_readable_name.strip("[].") for one in arguments if not has_choices(one)]
    assert unsaid + [name for name in named if name not in command.help] == []


def has_choices(argument):
    return isinstance(argument.type, click.Choice)  # the usage names them


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_can_be_run(name, monkeypatch):
    monkeypatch.setattr(click.Path, "convert", lambda _, value, *__: value)  # need not exist
    command = main.get_command(click.Context(main), name)
    program, *words = shlex.split(command.example)
    assert (program, words[0]) == ("gazescribe", name)
    command.parse_args(click.Context(command, info_name=name), words[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["asociate"], "no command 'asociate'; the nearest is associate.", id="near"),
        pytest.param(["heatmap", "x"], "'heatmap'; the nearest is heatmaps.", id="short"),
        pytest.param(["frobnicate"], "There is no command 'frobnicate'.", id="far"),
        pytest.param(["--frob"], "--frob", id="option"),
        pytest.param(["render", "--frob"], "--frob", id="option of a command"),
        pytest.param(["associate", "nowhere"], "'nowhere' does not exist", id="folder"),
    ],
)
def test_what_is_unknown(arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_interrupted(monkeypatch):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("gazescribe.pipeline.commands.cli.module_of", interrupt)
    result = invoke("label", "x")
    assert (result.exit_code, result.output) == (130, "stopped.\n")


@pytest.mark.parametrize("command", ["ingest", "verify", "sources"])
def test_a_shell_completes_the_data_sets(command, tmp_path, monkeypatch):
    (tmp_path / "data_manifests").mkdir()
    (tmp_path / "data_manifests" / "mylab.yaml").touch()
    monkeypatch.chdir(tmp_path)
    found = ShellComplete(main, {}, "gazescribe", "_C").get_completions([command], "m")
    assert [one.value for one in found] == ["mimic-cxr-jpg", "mimic-eye", "mylab"]


def test_version():
    assert gazescribe("--version").split()[1:] == ["version", version("gazescribe")]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        pytest.param(GazeError("odd."), "odd.", id="what"),
        pytest.param(GazeError("odd.", where="a.csv", remedy="Fix."), "a.csv: odd. Fix.", id="all"),
        pytest.param(GazeError("odd.", faults=["1", "2"]), "odd.\n  - 1\n  - 2", id="faults"),
        pytest.param(
            GazeError("odd.", faults=list("abcdefghijkl")),
            "odd.\n" + "".join(f"  - {one}\n" for one in "abcdefghij") + "  … and 2 more",
            id="ten shown",
        ),
    ],
)
def test_error_text(fault, text):
    assert str(fault) == text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("heatmap", "; the nearest is Heatmaps", id="near"),
        pytest.param("HEATMAPS", "; the nearest is Heatmaps", id="case"),
        pytest.param("nosuch", "", id="far"),
    ],
)
def test_nearest_names_what_is_near_alone(name, said):
    assert nearest(name, ("demo", "Heatmaps")) == said


def test_garbage_is_looked_for_more_rarely():
    """Else a quarter of an import of torch goes into it."""
    before = gc.get_threshold()
    try:
        for at, expected in ((700, 10_000), (20_000, 20_000), (0, 0)):
            gc.set_threshold(at)
            gazescribe("explain", "Mild edema.")
            assert gc.get_threshold() == (expected, *before[1:])
    finally:
        gc.set_threshold(*before)
