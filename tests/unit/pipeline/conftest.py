import subprocess

import pytest


@pytest.fixture
def mounted(tmp_path):
    """Give a function that mounts a disk of a few kilobytes on a new folder."""
    folders = []

    def mount(*options, size="64k"):
        folder = tmp_path / f"mounted{len(folders)}"
        folder.mkdir()
        arguments = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "none"]
        try:
            subprocess.run([*arguments, folder], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"nothing can be mounted here: {error}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder], check=True)
