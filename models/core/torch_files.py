"""Files that `torch.save` wrote, read in one place: nothing of them is executed or unpacked."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from gazescribe.pipeline.core.errors import GazeError, SchemaError
from gazescribe.pipeline.core.foreign import check_file, parsing, zip_members


def read_torch(path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None) -> Any:
    """Read what `torch.save` wrote to the CPU.

    A file whose members are packed, as torch never does it, is refused: it may fill the memory.
    """
    check_file(path, error, remedy)
    with parsing(path, "a file of torch.save", error, remedy):
        members = zip_members(path, error) if zipfile.is_zipfile(path) else []
        packed = [member.filename for member in members if member.compress_type]
        if packed:
            message = f"its member {packed[0]} is packed"
            raise ValueError(message)
        return torch.load(path, map_location="cpu", weights_only=True)
