"""
Your own recordings
===================

A lab has files of its own, not those of REFLACX. What they hold is said in a *manifest*, a YAML
file that a person reads, and ``gazescribe maps`` does the rest. Here the lab is invented: one table
of fixations for all readings, transcripts of a speech recogniser, and radiographs.
"""

# %%
# What the lab has
# ----------------
#
# An eye tracker that calls its columns as it likes, with times in milliseconds and positions on a
# screen of 1,200 by 900 pixels, on which the image lies in the middle.

import json
import os
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image

import gazescribe as gs
from gazescribe.pipeline.commands.cli import main

os.environ["GAZE_WORKERS"] = "1"  # so little is done before a second process has started
gazescribe = partial(main, standalone_mode=False)
SIDE_PX = 600
SAID = {
    "S99A": ("Small", "left", "effusion."),
    "S99B": ("Opacity", "in", "the", "right", "upper", "lobe."),
}
LOOKED_AT = {"S99A": (430, 470), "S99B": (190, 170)}  # of the image, px


def chest(finding):
    """Draw two dark lungs, and the finding as a bright spot."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    grey = np.full((SIDE_PX, SIDE_PX), 170.0)
    for centre in (190, 410):
        away = np.hypot((x - centre) / 100, (y - 300) / 220)  # 1 at the edge of the lung
        grey -= 110 / (1 + np.exp((away - 1) / 0.04))
    grey += 70 * np.exp(-((x - finding[0]) ** 2 + (y - finding[1]) ** 2) / (2 * 35**2))
    return np.clip(grey, 0, 255).astype(np.uint8)


def gaze(finding, rng):
    """Search the image for two seconds, then look at the finding; onset and length in ms."""
    places = [*rng.uniform(80, SIDE_PX - 80, (8, 2)), *rng.normal(finding, 18, (6, 2))]
    onsets = np.arange(len(places)) * 260
    return [(onset, 220, x + 300, y + 150) for onset, (x, y) in zip(onsets, places, strict=True)]


rng = np.random.default_rng(0)
lab = Path("lab")
lab.mkdir(exist_ok=True)
rows = []
for reading_id, finding in LOOKED_AT.items():
    rows += [(reading_id, *fixation) for fixation in gaze(finding, rng)]
    Image.fromarray(chest(finding)).save(lab / f"{reading_id}.png")
    words = [
        {"word": word, "start": 3.2 + 0.3 * number, "end": 3.45 + 0.3 * number}
        for number, word in enumerate(SAID[reading_id])
    ]
    segment = {"start": words[0]["start"], "end": words[-1]["end"], "words": words}
    segment["text"] = " ".join(SAID[reading_id])
    (lab / f"{reading_id}.json").write_text(json.dumps({"segments": [segment]}))
recorded = pd.DataFrame(rows, columns=["trial", "start", "length", "sx", "sy"])
recorded.round(1).to_csv(lab / "gaze.csv", index=False)
print(recorded.round(1).head(3).to_string(index=False))

# %%
# What its files hold
# -------------------
#
# ``gazescribe manifest lab`` writes a draft with its questions; this is one with the answers.

manifest = """\
name: mylab
description: Two invented readings.
screen:
  width_px: 1200
  height_px: 900
  width_mm: 520
  height_mm: 390
  distance_mm: 650
  image_area: {xmin_px: 300, ymin_px: 150, xmax_px: 900, ymax_px: 750}
tables:
  readings:
    file: "{reading_id}.png"
    format: images
  fixations:
    file: gaze.csv
    columns:
      reading_id: trial
      onset_s: {column: start, unit: ms}
      duration_s: {column: length, unit: ms}
      x_px: {column: sx, unit: screen_px}
      y_px: {column: sy, unit: screen_px}
  words:
    file: "{reading_id}.json"
    format: whisper
"""
Path("mylab.yaml").write_text(manifest)
gazescribe(["verify", "mylab.yaml", "lab"])

# %%
# Read what was understood before anything else. Gaze that is not on the image, fixations of an
# unlikely length or words that nobody could speak so fast mean that a unit or a screen is wrong.
#
# Maps
# ----

gazescribe(["maps", "mylab.yaml", "lab", "mylab-maps"])

os.environ["GAZE_DATA_ROOT"] = "lab"  # where the radiographs are
run = gs.open("mylab-maps")
print(run.mentions[["report_id", "text", "label", "polarity"]].to_string(index=False))

# %%
# One map for each label that a window reaches. On the left of each pair are all fixations of the
# reading, in the order of time (dark to bright); on the right is the map. The fixations of the
# search are not in it, for the window opens 1.5 s before the finding is said.

labelled = run.windows.query("kind == 'sentence'")
fixations = gs.read_table("mylab-maps/tables/mylab", "fixations")

figure, panels = plt.subplots(1, 2 * len(labelled), figsize=(12, 3.6), layout="constrained")
for number, window in enumerate(labelled.itertuples()):
    radiograph = run.image(window.reading_id)
    heatmap = run.heatmap(reading_id=window.reading_id, label=window.labels[0])
    looks = fixations.query("reading_id == @window.reading_id")
    left, right = panels[2 * number : 2 * number + 2]
    for panel in (left, right):
        panel.imshow(radiograph, cmap="gray", vmin=0, vmax=255)
        panel.set(xticks=[], yticks=[])
    left.plot(looks.x_px, looks.y_px, color="white", linewidth=0.5)
    left.scatter(looks.x_px, looks.y_px, 25, looks.onset_s, cmap="viridis", zorder=2)
    left.set_title(" ".join(SAID[window.reading_id]), fontsize=9)
    right.imshow(heatmap, cmap="inferno", alpha=0.7 * heatmap**0.5)
    right.set_title(", ".join(window.labels), fontsize=9)
plt.show()

# %%
# ``mylab-maps/report/index.html`` shows the same in a browser, with gaze and words on one time
# axis.
