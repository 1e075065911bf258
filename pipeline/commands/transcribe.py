"""The command `transcribe`: dictations as audio to timed words."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.speech import sphinx, whisper
from gazescribe.pipeline.speech.heard import Recogniser, Settings
from gazescribe.pipeline.speech.run import transcribe_files


@options.command(
    "transcribe",
    example="gazescribe transcribe recordings/*.wav words --model faster-whisper-small",
)
@click.argument(
    "audio", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="AUDIO..."
)
@click.argument("out", type=options.FOLDER)
@click.option("--model", type=options.FOLDER, help="Folder of a model of faster-whisper.")
@click.option("--language", metavar="CODE", help="As en or de.  [default: as it sounds]")
@click.option("--prompt", help="Words to expect, as `pneumothorax, cardiomegaly`.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where Whisper runs.",
)
@click.option(
    "--engine",
    type=click.Choice(["whisper", "pocketsphinx"]),
    default="whisper",
    show_default=True,
    help="pocketsphinx needs no model, but hears badly: to try things out (WAV, English).",
)
@options.json_option
def transcribe(
    audio: tuple[Path, ...],
    out: Path,
    model: Path | None,
    language: str | None,
    prompt: str | None,
    device: str,
    engine: str,
    as_json: bool,
) -> None:
    """Write the words of each AUDIO file, with their times, as OUT/<its name>.json.

    A manifest reads them with `format: whisper` (docs/transcripts.md). Whisper runs on this machine
    from a model folder; nothing is fetched and nothing leaves it. A later run does what is missing.
    """
    settings, load = _recogniser(engine, model, language, prompt, device)
    summary = transcribe_files(audio, out, settings, load)
    if summary.faults:
        message = f"{plural(len(summary.faults), 'file')} of {len(audio)} could not be read."
        raise GazeError(message, faults=summary.faults)
    already = f", {summary.n_there} were there already" if summary.n_there else ""
    heard = f"{summary.duration_s / 60:.1f} minutes, {plural(summary.n_words, 'word')}"
    details = {
        "transcripts": len(audio),
        "were_there": summary.n_there,
        "words": summary.n_words,
        "duration_s": summary.duration_s,
        "settings": asdict(settings),
    }
    line = f"{plural(len(audio), 'transcript')}{already}: {heard} → {out}"
    options.summarise(line, details, as_json=as_json)


def _recogniser(
    engine: str, model: Path | None, language: str | None, prompt: str | None, device: str
) -> tuple[Settings, Callable[[], Recogniser]]:
    """Give the settings, and what loads the recogniser when there is something to hear."""
    if engine == "pocketsphinx":
        if model or language not in {None, "en"} or prompt:
            raise ParamsError("pocketsphinx takes no model, language or prompt: it knows English.")
        return Settings(engine, None, "en", None, sphinx.installed()), sphinx.load
    version = whisper.installed()
    folder = whisper.check_model(model)
    n_bytes = (folder / "model.bin").stat().st_size
    name = f"{folder.resolve().name} ({n_bytes} bytes)"
    settings = Settings(engine, name, language, prompt, version)
    return settings, partial(whisper.load, folder, device, settings)
