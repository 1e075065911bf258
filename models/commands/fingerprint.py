"""`gazescribe fingerprint`: one small file that says what folders hold.

DVC cannot choose by a parameter what a stage depends on, but by what name. So a stage that reads
one folder or another depends on the fingerprint of one or of the other, whose stages depend on
these folders.
"""

from pathlib import Path

import click

from gazescribe.models.core.file_hashes import folder_hashes
from gazescribe.models.core.store import MEMORY
from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.files import write_json


@options.command("fingerprint", example="gazescribe fingerprint maps.json data/heatmaps")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("folders", nargs=-1, required=True, type=options.EXISTING_FOLDER)
@options.json_option
def fingerprint(out: Path, folders: tuple[Path, ...], *, as_json: bool) -> None:
    """Write to OUT what FOLDERS hold: of each the SHA-256 of all names and bytes in it.

    DVC trains networks again by it, where that of what they read has changed.
    """
    names = sorted(folder.as_posix() for folder in folders)
    content = folder_hashes(names, MEMORY)
    write_json(content, out)
    options.summarise(f"{len(names)} folders → {out}", content, as_json=as_json)
