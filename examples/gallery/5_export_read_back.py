"""
An export, read back without gazescribe
=======================================

Who receives maps from you needs neither gazescribe nor its formats. ``gazescribe export`` writes a
data set with a card, checksums and the unit of every column. Here one is written, then opened with
pandas and numpy alone.
"""

# %%
# The export
# ----------
#
# Maps of 128 pixels in Parquet, with the mentions, fixations and ellipses behind them. Without
# ``--include-text`` it holds no word of a dictation, and without ``--include-images`` no
# radiograph.

import os
from functools import partial
from pathlib import Path

from gazescribe.pipeline.commands.cli import main

os.environ["GAZE_WORKERS"] = "1"  # so little is done before a second process has started
gazescribe = partial(main, standalone_mode=False)
if not Path("demo").exists():
    gazescribe(["demo", "demo"])
if not Path("reflacx-maps").exists():
    gazescribe(["maps", "reflacx", "demo", "reflacx-maps"])

made = Path("reflacx-maps")
tables, associated = str(made / "tables/reflacx"), str(made / "associated/reflacx")
noted = ["--include-annotations", str(made / "mentions/reflacx.parquet")]
gazescribe(["export", tables, associated, "reflacx-export/parquet", "--size", "128", *noted])

# %%
# From here on gazescribe is not needed: this is what the receiver does.
#
# Is it whole?
# ------------

import hashlib

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.patches import Ellipse
from PIL import Image

received = Path("reflacx-export/parquet")
sums = [line.split(maxsplit=1) for line in (received / "SHA256SUMS").read_text().splitlines()]
for digest, name in sums:
    assert hashlib.sha256((received / name).read_bytes()).hexdigest() == digest, name
print(f"{len(sums)} files are as they were sent")

# %%
# What the columns mean
# ---------------------

columns = pd.read_csv(received / "columns.csv")
gaze = columns[columns.table.eq("fixations")].head(6)
print(gaze[["column", "type", "unit", "description"]].to_string(index=False))

# %%
# Which maps there are
# --------------------
#
# Splits are by subject: train on one, test on another, and no patient is in both.

maps = pd.read_parquet(received / "maps" / "label-128x128")
print(pd.crosstab(maps.label, maps.split))

# %%
# A map over your own radiograph
# ------------------------------
#
# Maps are letterboxed: the image is shrunk by ``scale`` and has ``pad_x_px`` and ``pad_y_px``
# black pixels before it. So a pixel of the image is found in the map, and the ellipses of the
# table ``ellipses``, which are in pixels of the image, lie where they belong.

chosen = maps.query("reading_id == 'P300R891130'")
ellipses = pd.read_parquet(received / "ellipses.parquet").query("reading_id == 'P300R891130'")
picture = next(Path("demo").rglob(f"{chosen.dicom_id.iloc[0]}.jpg"))  # the receiver's own copy
radiograph = np.asarray(Image.open(picture).convert("L"))
height, width = radiograph.shape

figure, panels = plt.subplots(1, len(chosen), figsize=(10, 4.6), layout="constrained")
for panel, (_, row) in zip(panels, chosen.iterrows(), strict=True):
    heatmap = np.stack(row["map"]).astype(float)
    left, top = -row.pad_x_px / row.scale, -row.pad_y_px / row.scale  # of the map, on the image
    across, down = row.width / row.scale, row.height / row.scale
    panel.imshow(radiograph, cmap="gray")
    extent = (left - 0.5, left + across - 0.5, top + down - 0.5, top - 0.5)
    panel.imshow(heatmap, cmap="inferno", alpha=0.7 * heatmap.clip(0, 1) ** 0.5, extent=extent)
    for drawn in ellipses.itertuples():
        centre = (drawn.xmin_px + drawn.xmax_px) / 2, (drawn.ymin_px + drawn.ymax_px) / 2
        size = drawn.xmax_px - drawn.xmin_px, drawn.ymax_px - drawn.ymin_px
        panel.add_patch(Ellipse(centre, *size, fill=False, color="cyan"))
    panel.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), title=row.label)
    panel.set(xticks=[], yticks=[])
plt.show()
