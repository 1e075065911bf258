"""The inspector of a small run as browsers' tests see it: its pages, and hands on them."""

import base64
import io
import json
import re
import wave

import numpy as np
from PIL import Image

from tests.report_run import SIZE
from tests.running import gazescribe

SCREENS = {"phone": (390, 844), "desk": (1440, 900), "wide": (2560, 1440)}
DATA = re.compile('(?<=id="data">).*?(?=</script>)')
GRID = 16  # of the invented network's map


def write_pages(project, voices, out):
    """Write the pages with a voice, and beside R1 the same page with the answers of a network."""
    with wave.open(str(voices / "R1.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128] * 8000 * 15))
    gazescribe("report", project, out, "--audio", voices, "--workers", "1")
    path = out / "readings/R1.html"
    text = path.read_text()
    data = json.loads(DATA.search(text)[0])
    data["networks"] = [network()]
    answered = DATA.sub(lambda _: json.dumps(data).replace("<", "\\u003c"), text)
    path.with_name("answered.html").write_text(answered)


def network():
    """Answers with a map whose left half is 1, for Edema alone."""
    cells = np.zeros((GRID, GRID), np.uint8)
    cells[:, : GRID // 2] = 255
    with io.BytesIO() as file:
        Image.fromarray(cells).save(file, format="PNG")
        address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    scale = GRID / SIZE[0]
    pad = (GRID - SIZE[1] * scale) / 2
    frame = {"height": GRID, "width": GRID, "scale": scale, "pad_x_px": pad, "pad_y_px": 0}
    labels = {"Edema": {"probability": 0.83, "map": address}}
    return {"name": "et-seed0", "frame": frame, "labels": labels}


def look(page):
    return page.evaluate("inspector.view.look()")


def window(page):
    return page.evaluate("inspector.levels.range()")


def place(page, x, y):
    """Where a pixel of the image is on the screen."""
    box = page.locator(".plane").first.bounding_box()
    scale = box["width"] / SIZE[1]
    return box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale


def point_at(page, x, y):
    page.mouse.move(*place(page, x, y))
    return page.locator("#probe").inner_text()


def drag(page, right, down):
    x, y = place(page, 240, 300)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=2)
    page.mouse.up()


def picked(page, kind, number=None):
    """Elements of what is chosen itself, but for those of the review, which has its own tests."""
    value = "" if number is None else f"='{number}'"
    marked = f":is([data-{kind}{value}], [data-{kind}s{value}])"
    return page.locator(f".picked{marked}:not(#review *)").count()


def painted(page, canvas="heat"):
    data = page.evaluate(f"document.getElementById('{canvas}').toDataURL().split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))
