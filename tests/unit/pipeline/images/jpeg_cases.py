"""Grey JPEG files that several tests read, and what Pillow makes of them."""

import io

import numpy as np
from PIL import Image


def picture(height, width, *, seed=0, grain=3.0):
    """Smooth, with grain, and letters' edges."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    smooth = 128 + 90 * np.sin(y / 37 + seed) * np.cos(x / 23)
    smooth[height // 4 : height // 3, width // 4 : width // 3] = 255
    smooth[height // 2 : height // 2 + 5] = 0
    return (smooth + grain * rng.standard_normal(smooth.shape)).clip(0, 255).astype(np.uint8)


def jpeg(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def by_pillow(content, block_px):
    """Means of blocks, or None where Pillow raises."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            image.draft("L", (max(image.width // block_px, 1), max(image.height // block_px, 1)))
            return np.asarray(image)
    except Exception:  # noqa: BLE001 decoders raise anything on damaged bytes
        return None
