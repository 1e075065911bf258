"""Draw a case as a frontal chest film, and the masks of its structures.

Everything is drawn at no more than `WORK_PX` on the long side and enlarged; the film's grain is
added at the size asked for. A case gives the same picture at every size, but for grain and detail.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.chest import Frame, Plane, draw_chest, filled, outlines
from gazescribe.pipeline.demo.looks import add_lesion

WORK_PX = 1024  # long side of the drawing; a native picture is this one enlarged
CONTRAST = 1.65  # how fast the film whitens with density
GRAIN = 0.011  # standard deviation of the film's noise, in parts of white


def radiograph(case: Film, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """Draw one case as displayed: bone and fluid bright, air dark.

    The case's dicom id seeds what its anatomy leaves open (vessels, marker, grain).
    """
    shrink = min(1.0, WORK_PX / max(height_px, width_px))
    tilt_rad = math.radians(case.anatomy.tilt_deg)
    frame = Frame(round(height_px * shrink), round(width_px * shrink), tilt_rad)
    chest = draw_chest(case.anatomy, frame, _random(case, "chest"))
    for lesion in case.lesions:
        add_lesion(chest, lesion, _random(case, repr(lesion)))
    film = _film(chest.density, case.anatomy.exposure)
    if shrink < 1:
        enlarged = Image.fromarray(film).resize((width_px, height_px), Image.Resampling.BILINEAR)
        film = np.array(enlarged)
    grain = _random(case, f"grain {height_px} {width_px}")
    film += GRAIN * 255 * grain.standard_normal((height_px, width_px), dtype=np.float32)
    np.clip(film, 0, 255, out=film)
    return film.astype(np.uint8)


def _film(density: Plane, exposure: float) -> Plane:
    """Darken the film by what reaches it: Beer and Lambert's law, in grey values."""
    film: Plane = 255 - 255 * np.exp(np.float32(-CONTRAST * exposure) * np.maximum(density, 0.01))
    return film


def _random(case: Film, purpose: str) -> np.random.Generator:
    """Give the random stream of one image for one purpose; the same on every machine."""
    digest = hashlib.blake2b(f"{case.dicom_id} {purpose}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def masks(case: Film, height_px: int, width_px: int) -> dict[str, NDArray[np.bool_]]:
    """Give the pixels of four structures, as the EGD data set has them; right is the patient's.

    The mediastinum holds the heart, and a lung ends where the mediastinum begins.
    """
    frame = Frame(height_px, width_px, math.radians(case.anatomy.tilt_deg))
    shapes = outlines(case.anatomy)
    centre = np.asarray(filled(frame, shapes["heart"], shapes["mediastinum"])) > 0
    lungs = {
        side: (np.asarray(filled(frame, shapes[side])) > 0) & ~centre
        for side in ("left_lung", "right_lung")
    }
    knob = np.asarray(filled(frame, shapes["aortic_knob"])) > 0
    return {**lungs, "mediastinum": centre, "aortic_knob": knob}
