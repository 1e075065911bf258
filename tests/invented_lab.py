"""A lab's own recordings, invented: tiny radiographs, gaze, and diagnoses of its own."""

from pathlib import Path

import numpy as np
import yaml
from PIL import Image

CLASSES = ("Malignant", "Benign", "Clear")
COLUMNS = {"reading_id": "trial", "subject_id": "patient", "dicom_id": "image"}
COLUMNS |= {"width_px": "columns", "height_px": "rows", "image_path": "file"}
SIZES = ((64, 64), (80, 64), (64, 80))
MODELS = ("contrastive", "dnet201_cl", "dual_encoder", "cooperative", "mt_unet", "unet_s")


def write_lab(
    folder: Path, *, diagnosed: bool = True, n: int = 20, name: str = "mylab", image: str = "i"
) -> Path:
    """Write a manifest and, below `raw`, readings, gaze and images; give the manifest.

    `image` begins the ids of images, `name` those of readings.

    Reading k is of image k and of subject k // 2 where k is below 8, else of one of its own. A
    class is a bright square in a corner of its own, which the reader looks at.
    """
    rng = np.random.default_rng(0)
    raw = folder / "raw"
    (raw / "img").mkdir(parents=True)
    readings, gaze = ["trial,patient,image,columns,rows,file,finding"], ["trial,start,length,x,y"]
    for k in range(n):
        width, height = SIZES[k % 3]
        picture = rng.integers(20, 90, (height, width)).astype(np.uint8)
        x, y = ((12, 12), (width - 20, 12), (12, height - 20))[k % 3]
        picture[y : y + 12, x : x + 12] = 220
        Image.fromarray(picture).save(raw / "img" / f"{image}{k:02d}.png")
        patient = f"99p{k // 2 if k < 8 else k}"
        about = f"{name}{k:02d},{patient},{image}{k:02d},{width},{height},img/{image}{k:02d}.png"
        readings.append(f"{about},{CLASSES[k % 3]}")
        for number in range(4):
            at = f"{100 + 300 * number},{200 + 10 * number},{x + 3 * number},{y + 2 * number}"
            gaze.append(f"{name}{k:02d},{at}")
    (raw / "readings.csv").write_text("\n".join(readings) + "\n")
    (raw / "gaze.csv").write_text("\n".join(gaze) + "\n")
    columns = COLUMNS | ({"diagnosis": "finding"} if diagnosed else {})
    manifest = {
        "name": name,
        "description": "Radiographs that nobody took.",
        "resolution": {"px_per_deg": 6},
        "tables": {
            "readings": {"file": "readings.csv", "columns": columns},
            "fixations": {
                "file": "gaze.csv",
                "columns": {
                    "reading_id": "trial",
                    "onset_s": {"column": "start", "unit": "ms"},
                    "duration_s": {"column": "length", "unit": "ms"},
                    "x_px": "x",
                    "y_px": "y",
                },
            },
        },
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(manifest))
    return path


def write_params(folder: Path, shipped: Path, models: tuple[str, ...], **inputs: object) -> Path:
    """Write parameters of tiny networks on these inputs, from the shipped ones of the demo."""
    params = yaml.safe_load((shipped / "params.yaml").read_text())
    profile = yaml.safe_load((shipped / "params" / "demo.yaml").read_text())
    params["cooperative"]["inputs"] |= inputs
    changed = {"image_height": 32, "image_width": 32, "epochs": 1, "batch_size": 4}
    profile["cooperative"] |= {**changed, "models": {name: {} for name in models}}
    (folder / "params").mkdir(parents=True)
    (folder / "params" / "demo.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    return folder / "params.yaml"
