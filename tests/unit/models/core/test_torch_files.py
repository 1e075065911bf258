import os
import zipfile

import pytest
import torch

from gazescribe.models.core.torch_files import read_torch
from gazescribe.pipeline.core.errors import SchemaError


def test_what_torch_saved(tmp_path):
    torch.save({"a": torch.arange(3)}, tmp_path / "a.pth")
    assert read_torch(tmp_path / "a.pth")["a"].tolist() == [0, 1, 2]


def test_a_packed_file_is_refused(tmp_path):
    """It could unpack to more than the memory holds."""
    torch.save({"a": torch.zeros(10**6)}, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as saved,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for member in saved.infolist():
            packed.writestr(member.filename, saved.read(member))
    with pytest.raises(SchemaError, match=r"b\.pth: .*its member .* is packed.* Copy it again"):
        read_torch(tmp_path / "b.pth")


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_a_file_that_is_cut_off(tmp_path, kept):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SchemaError, match=r"a\.pth: this is not a file of torch\.save"):
        read_torch(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.pth")
    with pytest.raises(SchemaError, match="pipe or a device"):
        read_torch(tmp_path / "a.pth")
