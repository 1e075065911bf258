"""How long the pages of a whole release take, how large they are, and what a browser makes of them.

    python benchmarks/report.py FOLDER [--inspectors N]

Makes synthetic data in FOLDER, once: REFLACX's number of readings and EGD's in proportion, without
radiographs. Prints seconds and sizes of `gazescribe report`, and of its page in headless Chromium:
seconds until readings are on screen, from a choice to its readings, of scrolling from end to end,
and the memory of the tab (heap of the scripts; proportional set size of its process, Linux alone).
"""

import argparse
import re
import shutil
import time
from pathlib import Path

from planted_lag import run
from playwright.sync_api import Browser, CDPSession, sync_playwright

RELEASE = 3052
SCROLL = """async () => {
  const shelf = document.querySelector(".shelf");
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  const begin = performance.now();
  let n = 0;
  for (let y = 0; y < shelf.scrollHeight; y += shelf.clientHeight, n++) {
    shelf.scrollTop = y;
    await frame();
    await frame();
  }
  return (performance.now() - begin) / n;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inspectors", type=int, default=24)
    arguments = parser.parse_args()
    project, out = arguments.folder / "project", arguments.folder / "pages"
    prepare(arguments.folder, project)
    begin = time.perf_counter()
    run("report", project, out, "--readings", arguments.inspectors)
    seconds = time.perf_counter() - begin
    sizes = [path.stat().st_size for path in out.rglob("*.html")]
    index = out / "index.html"
    print(f"report: {seconds:.0f} s, {len(sizes)} pages, {sum(sizes) / 1e6:.0f} MB")
    print(f"page of the run: {index.stat().st_size / 1e6:.2f} MB")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        look(browser, index)
        browser.close()


def prepare(folder: Path, project: Path) -> None:
    data = project / "data"
    if (data / "associated" / "egd").is_dir():
        return
    run("demo", folder / "raw", "--readings", RELEASE, "--images", "none")
    for name in ("reflacx", "egd"):
        tables, mentions = data / "tables" / name, data / "mentions" / f"{name}.parquet"
        beside = [] if name == "reflacx" else ["--reflacx", data / "tables" / "reflacx"]
        tables.parent.mkdir(parents=True, exist_ok=True)
        mentions.parent.mkdir(parents=True, exist_ok=True)
        run("ingest", name, folder / "raw" / name, tables, *beside)
        run("label", tables, mentions)
        (data / "associated").mkdir(exist_ok=True)
        run("associate", tables, mentions, data / "associated" / name)


def look(browser: Browser, index: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    begin = time.perf_counter()
    page.goto(index.resolve().as_uri())
    page.locator(".shelf li").first.wait_for()
    print(f"readings on screen after {time.perf_counter() - begin:.2f} s")
    print_memory(browser, session, "opened")
    begin = time.perf_counter()
    page.locator("[name=label]").select_option("Edema")
    page.locator("[name=sort]").select_option("iou")
    found = page.locator("#n-found").inner_text()
    print(f"filtered and sorted in {time.perf_counter() - begin:.2f} s: {found}")
    page.get_by_role("button", name="Clear").click()
    print(f"scrolled from end to end: {page.evaluate(SCROLL):.0f} ms a screen")
    print_memory(browser, session, "scrolled")


def print_memory(browser: Browser, session: CDPSession, when: str) -> None:
    session.send("HeapProfiler.collectGarbage")
    metrics = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    heap, nodes = metrics["JSHeapUsedSize"] / 1e6, metrics["Nodes"]
    about = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pids = [one["id"] for one in about if one["type"] == "renderer"]
    sets = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    largest = max(int(re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)[1]) for text in sets)
    print(f"tab when {when}: heap {heap:.1f} MB, process {largest / 1000:.0f} MB, {nodes} nodes")


if __name__ == "__main__":
    main()
