import shutil

import pytest

from tests.forks import Server

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
    " --disable-sync --no-first-run"
)


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, for one module: its event loop would be in the way of others."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Run DVC and the commands of its stages in forks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GAZE_DATA_ROOT", raising=False)
        patch.setenv("CI", "1")  # DVC then looks for no newer version of itself
        patch.setenv("GAZE_WORKERS", "1")  # so little takes longer to share out than to work on
        patch.setenv("DVC_NO_ANALYTICS", "1")
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "test")
            patch.setenv(f"GIT_{who}_EMAIL", "test@example.org")
        started = Server(tmp_path_factory.mktemp("server"))
        yield started
        started.close()
