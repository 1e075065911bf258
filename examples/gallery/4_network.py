"""
A network that foresees gaze
============================

Heatmaps are made to train networks. Here a small U-shaped network learns from synthetic readings
where a radiologist would look. In half a minute on one core it shows how training, scoring and
prediction go, not how good such a network can be.
"""

# %%
# Maps and radiographs in the network's size
# ------------------------------------------

# sphinx_gallery_thumbnail_number = 2
import os
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import yaml

import gazescribe as gs
from gazescribe.pipeline.commands.cli import main
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.geometry.saliency import cc

os.environ["GAZE_WORKERS"] = "1"  # so little is done before a second process has started
gazescribe = partial(main, standalone_mode=False)
if not Path("demo").exists():
    gazescribe(["demo", "demo"])
if not Path("reflacx-maps").exists():
    gazescribe(["maps", "reflacx", "demo", "reflacx-maps"])

SIZE = 64
tables, associated = "reflacx-maps/tables/reflacx", "reflacx-maps/associated/reflacx"
size = ["--size", str(SIZE)]
gazescribe(["heatmaps", tables, associated, "network/maps", "--kind", "saliency", *size])
gazescribe(["images", tables, "demo", "network/images", "--resize", "direct", *size])

# %%
# Parameters
# ----------
#
# What a network is trained on stands in ``params.yaml``, its size in the profile beside it. We
# change a copy of both: these data, one network, ten epochs. It draws its maps from windows and
# Gaussians; those in ``network/maps`` are for the comparison below.

params = yaml.safe_load(resource("params.yaml").read_text())
params["cooperative"]["inputs"] |= {
    "images": "network/images",
    "tables": {"reflacx": tables},
    "associated": {"reflacx": associated},
    "saliency_maps": {},
}
profile = yaml.safe_load(resource("params/demo.yaml").read_text())
profile["cooperative"] |= {"models": {"unet_s": {}}, "epochs": 10, "unet_channels": 8}

Path("network/params").mkdir(exist_ok=True)
Path("network/params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
Path("network/params/demo.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
gazescribe(["configure", "cooperative", "network/config.json", "--params", "network/params.yaml"])

# %%
# Training
# --------
#
# Subjects are in one split alone: none that validates is trained on. The loss says how far the
# maps of the network are from those of the readers.

gazescribe(["train", "network/config.json", "network/models"])

epochs = pd.read_csv("network/models/unet_s-seed0/epochs.csv")
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.plot(epochs.epoch + 1, epochs.train_loss, "o-", label="training")
axes.plot(epochs.epoch + 1, epochs.val_loss, "s--", label="validation")
axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
axes.legend()
plt.show()

# %%
# Prediction
# ----------
#
# ``gs.predict`` takes pictures, here the radiographs of the test split, and gives a map of each.
# Above is where the reader looked, below where the network expects it.

os.environ["GAZE_DATA_ROOT"] = "demo"  # where the radiographs are
run = gs.open("reflacx-maps")
test = run.readings.query("has_gaze and split == 'test'").drop_duplicates("dicom_id")
radiographs = [run.image(dicom_id) for dicom_id in test.dicom_id]
predictions = gs.predict("network/models/unet_s-seed0/model.safetensors", radiographs)

figure, columns = plt.subplots(2, 3, figsize=(9, 7.4), layout="constrained")
for column, reading_id, name, radiograph in zip(
    columns.T, test.reading_id, predictions.maps, radiographs, strict=False
):
    seen = run.heatmap(reading_id=reading_id)
    expected = predictions.heatmap(name, "saliency", size=radiograph.shape)
    for panel, heatmap in zip(column, (seen, expected), strict=True):
        panel.imshow(radiograph, cmap="gray")
        panel.imshow(heatmap, cmap="inferno", alpha=0.7 * heatmap**0.5)
        panel.set(xticks=[], yticks=[])
columns[0, 0].set_ylabel("reader")
columns[1, 0].set_ylabel("network")
plt.show()

# %%
# Better than nothing?
# --------------------
#
# All readers look at the lungs, so one map for all images, the mean of the training readings, is
# not bad. A network must beat it. Both are compared with the readers' own maps by CC, Pearson's
# correlation.

index = gs.read_table("network/maps", "heatmaps")
shards = gs.open_shards("network/maps")
row_of = {reading_id: row for row, reading_id in enumerate(index.reading_id)}
mean_map = np.mean(
    [shards[row] for row in np.flatnonzero(index.split == "train")], axis=0, dtype=float
)

scores = []
for reading_id, (network_map,) in zip(test.reading_id, predictions.maps.values(), strict=True):
    seen = np.asarray(shards[row_of[reading_id]], float)
    scores.append({"network": cc(network_map, seen), "mean map": cc(mean_map, seen)})
scores = pd.DataFrame(scores)
print(f"CC with the reader, mean of {len(scores)} test images")
print(scores.mean().round(2).to_string())

# %%
# From some forty radiographs of 64 pixels, in ten epochs, a network learns where readers look in
# any chest, and little of what is in this one. That is why such a figure should never stand
# alone. The papers' networks, and the tables with their baselines, have pages of their own.
