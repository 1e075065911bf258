import shutil

import pytest

from tests.forks import Server
from tests.report_run import make_run
from tests.room_pages import write_pages

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
    " --disable-sync --no-first-run"
)


def pytest_collection_modifyitems(items):
    """Modules with a browser come last: its event loop would be in the way of others."""
    browsing = {item.path for item in items if "browser" in item.fixturenames}
    items.sort(key=lambda item: item.path in browsing)


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window, started once."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield launched
        launched.close()


@pytest.fixture
def open_tab(browser):
    """Open an address in a tab of its own; none may complain."""
    contexts, complaints = [], []

    def open_address(address, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert complaints == []


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


@pytest.fixture(scope="session", autouse=True)
def _forked_in_time(server):
    """Polars would wait in forks for threads that it started in this process: fork before any."""


@pytest.fixture(scope="session")
def room_project(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("room-project"))


@pytest.fixture(scope="session")
def room_report(room_project, tmp_path_factory):
    """Pages of the run, with a voice; see `tests.room_pages`."""
    out = tmp_path_factory.mktemp("room-report")
    write_pages(room_project, tmp_path_factory.mktemp("voices"), out)
    return out


@pytest.fixture(scope="module")
def room_tab(browser):
    """One tab for all tests; opening one takes longer than a test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def open_room(room_tab, room_report):
    """Open a page anew; it may not complain."""

    def open_page(path="readings/R1.html#label-0"):
        room_tab.goto("about:blank")
        room_tab.goto(f"{room_report.as_uri()}/{path}")
        return room_tab

    yield open_page
    assert room_tab.complaints == []
