"""
One reading, from tables to a heatmap
=====================================

A radiologist looks at a chest radiograph and dictates, while an eye tracker records where. Which
gaze belongs to which finding? Here we follow one reading from its tables to a heatmap over the
radiograph.
"""

# %%
# The data
# --------
#
# ``gazescribe demo`` writes synthetic recordings in the form of the public data set REFLACX, and
# ``gazescribe maps`` goes from there to heatmaps. In a terminal these are the lines ``gazescribe
# demo demo`` and ``gazescribe maps reflacx demo reflacx-maps``; what was made before is not made
# again.

# sphinx_gallery_thumbnail_number = 2
import os
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import Ellipse

import gazescribe as gs
from gazescribe.pipeline.commands.cli import main

os.environ["GAZE_WORKERS"] = "1"  # so little is done before a second process has started
gazescribe = partial(main, standalone_mode=False)
if not Path("demo").exists():
    gazescribe(["demo", "demo"])
gazescribe(["maps", "reflacx", "demo", "reflacx-maps"])

# %%
# Each count of what was left out has its reason: a denied finding, for one, opens no window.
#
# What was said
# -------------
#
# Tables are pandas. A *mention* is a finding in the dictation with its polarity: said to be there
# (positive), denied (negative), or left open (uncertain).

os.environ["GAZE_DATA_ROOT"] = "demo"  # where the radiographs are
run = gs.open("reflacx-maps")
tables = "reflacx-maps/tables/reflacx"

reading_id = "P300R891130"
(reading,) = run.readings.query("reading_id == @reading_id").itertuples()
print(reading.text, "\n")
mentions = run.mentions.query("report_id == @reading_id")
print(mentions[["sentence", "text", "polarity", "label"]].to_string(index=False))

# %%
# Where and when
# --------------
#
# Eyes are ahead of words. So the window of a sentence opens 1.5 s before its first mention, and
# closes with its last one. Below are the fixations of the reading, as bars from onset to offset
# at their height on the film; behind them the two windows, and each sentence when it was spoken.

fixations = gs.read_table(tables, "fixations").query("reading_id == @reading_id")
words = gs.read_table(tables, "words").query("reading_id == @reading_id")
windows = run.windows.query("reading_id == @reading_id and kind == 'sentence'")

figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
axes.hlines(fixations.y_px, fixations.onset_s, fixations.offset_s, color="black", linewidth=3)
for window, colour in zip(windows.itertuples(), ("tab:orange", "tab:blue"), strict=True):
    axes.axvspan(window.start_s, window.end_s, color=colour, alpha=0.25, linewidth=0)
for number, said in words.groupby("sentence"):
    start_s, end_s = said.onset_s.min(), said.offset_s.max()
    axes.hlines(reading.height_px * 1.08, start_s, end_s, color="0.4", linewidth=8)
    axes.text(start_s, reading.height_px * 1.19, f"sentence {number}", fontsize=9)
axes.set(xlabel="time (s)", ylabel="height on the film (px)", ylim=(reading.height_px * 1.24, 0))
plt.show()

# %%
# The eyes are silent at first and search the whole film. The second sentence, "left basilar
# opacity", has a window in which they rest low on the film: on the left base. What is denied
# later, in sentences 2 and 3, has no window.
#
# The heatmap
# -----------
#
# Each fixation in a window becomes a Gaussian: at its place, as heavy as it is long, with one
# degree of visual angle as its spread. The table ``gaussians`` is the heatmap without loss, and
# ``gs.render`` draws it at any size.

gaussians = gs.read_table("reflacx-maps/associated/reflacx", "gaussians")
radiograph = run.image(reading.dicom_id)

figure, panels = plt.subplots(1, 3, figsize=(10, 4.8), layout="constrained")
panels[0].imshow(radiograph, cmap="gray")
panels[0].set_title("radiograph")
for panel, window in zip(panels[1:], windows.itertuples(), strict=True):
    mine = gaussians.query("reading_id == @reading_id and window == @window.window")
    heatmap = gs.render(mine, image_size=radiograph.shape, size=radiograph.shape)
    said = reading.text[int(window.char_start) : int(window.char_end)]
    panel.imshow(radiograph, cmap="gray")
    panel.imshow(heatmap, cmap="inferno", alpha=0.7 * heatmap**0.5)
    panel.plot(mine.x_px, mine.y_px, "o", markerfacecolor="none", color="white", markersize=5)
    panel.set_title(said.capitalize(), fontsize=9)
    panel.set_xlabel(", ".join(window.labels))
for panel in panels:
    panel.set(xticks=[], yticks=[])
plt.show()

# %%
# "Bilateral" is seen: the map of the first sentence has a part in each lung. That of the second
# is in the left base alone, which is on the right of the picture, as always in radiographs.
#
# The map of a label joins the windows of all sentences that mention it, the larger value at each
# pixel. In the end the reader drew ellipses around what was seen (cyan): the map came without
# them.

heatmap = run.heatmap(reading_id=reading_id, label="Opacity")
ellipses = gs.read_table(tables, "ellipses").query("reading_id == @reading_id")

figure, axes = plt.subplots(figsize=(5, 5.6), layout="constrained")
axes.imshow(radiograph, cmap="gray")
axes.imshow(heatmap, cmap="inferno", alpha=0.7 * heatmap**0.5)
for drawn in ellipses.itertuples():
    centre = (drawn.xmin_px + drawn.xmax_px) / 2, (drawn.ymin_px + drawn.ymax_px) / 2
    width, height = drawn.xmax_px - drawn.xmin_px, drawn.ymax_px - drawn.ymin_px
    axes.add_patch(Ellipse(centre, width, height, fill=False, color="cyan", linewidth=2))
axes.set(xticks=[], yticks=[], title="Opacity")
plt.show()

# %%
# ``run.overlay(reading_id=reading_id, label="Opacity")`` gives the same as a figure to be saved.
