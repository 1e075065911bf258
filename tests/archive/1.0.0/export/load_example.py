"""Open this export. Needs pandas with pyarrow."""
import argparse
from pathlib import Path
import numpy as np
import pandas as pd
here = Path(__file__).parent
maps = pd.read_parquet(here / "maps" / "maps")  # a row a map
def index(): return maps.drop(columns="map").to_dict("records")
def map_at(n): return np.stack(maps["map"][n])
heatmap = map_at(0)  # (height, width) float16, maximum about 1
print(f"{len(maps)} maps; the first: {maps['label'][0]}, {heatmap.shape}, {heatmap.max():.3f}")
key = ("reading_id", "window")
gaussians = pd.read_parquet(here / "gaussians.parquet").set_index(list(key))
windows = pd.read_parquet(here / "windows.parquet").set_index(list(key))
key = gaussians.index[0]
size = windows.loc[key, ["height_px", "width_px"]].to_numpy(int)
def column(name): return gaussians.loc[[key], [name]].to_numpy()
def along(axis, n):  # each Gaussian along an axis of n pixels, nothing outside its clip
    at, low, high = np.arange(n), column(f"clip_{axis}min_px"), column(f"clip_{axis}max_px")
    z = (at - column(f"{axis}_px")) / column(f"sigma_{axis}_px")
    return (low <= at) * (at < high) * np.exp(-z * z / 2) / column(f"sigma_{axis}_px")
drawn = (along("y", size[0]) * column("weight_s")).T @ along("x", size[1])  # divide by its maximum
print(f"drawn without loss: window {key[1]} of {key[0]}, {drawn.shape}")

def lay_over(heatmap, row, picture):  # a map and its row over its radiograph, as an RGB image
    from PIL import Image
    grey = Image.open(picture).convert("L")
    height, width = heatmap.shape
    scale = min(width / grey.width, height / grey.height)  # model pixels a pixel of the picture
    left, top = float(row["pad_x_px"]), float(row["pad_y_px"])
    box = left, top, min(left + grey.width * scale, width), min(top + grey.height * scale, height)
    values = Image.fromarray(np.asarray(heatmap, np.float32))
    values = np.asarray(values.resize(grey.size, Image.Resampling.BILINEAR, box)).clip(0, 1)[..., None]
    colours = 255 * np.concatenate([2 * values, 2 * values - 1, 0 * values], axis=2).clip(0, 1)
    share = 0.6 * values  # where nobody looked the picture stays as it is
    mixed = (1 - share) * np.asarray(grey)[..., None] + share * colours
    return Image.fromarray(np.rint(mixed).astype(np.uint8))

parser = argparse.ArgumentParser(description="Open this export; lay a map over your own picture.")
parser.add_argument("picture", nargs="?", help="a radiograph, named by its dicom_id; needs Pillow")
parser.add_argument("--row", type=int, help="which map, from 0; else the first of this picture")
parser.add_argument("--save", metavar="FILE.png", help="save it there; else it is shown")
asked = parser.parse_args()
if asked.picture:
    rows = index()
    fitting = [n for n, row in enumerate(rows) if row["dicom_id"] == Path(asked.picture).stem]
    if asked.row is None and not fitting:
        parser.error("no map has the name of this picture as dicom_id (is it hashed?): give --row")
    if asked.row is not None and not 0 <= asked.row < len(rows):
        parser.error(f"--row is from 0 to {len(rows) - 1}")
    for n in fitting:
        print(f"of this picture: row {n}, {rows[n]['label'] or rows[n]['kind']}, {rows[n]['reading_id']}")
    n = fitting[0] if asked.row is None else asked.row
    laid = lay_over(map_at(n), rows[n], asked.picture)
    laid.save(asked.save) if asked.save else laid.show()
