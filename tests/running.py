"""Run commands of `gazescribe` inside the test's process."""

from click.testing import CliRunner, Result

from gazescribe.pipeline.commands.cli import main


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def gazescribe(*arguments: object) -> str:
    """Run a command that must succeed; give what it printed."""
    result = invoke(*arguments)
    if result.exit_code:
        raise AssertionError(f"exit {result.exit_code}: {result.output}") from result.exception
    return result.output
