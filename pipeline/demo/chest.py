"""A chest without lesions: outlines, and X-ray density of flesh, lungs, heart, bones, vessels.

Density is 0 in the air around the patient; the film's tone makes 0.2 dark grey and 1 nearly white.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from gazescribe.pipeline.demo.cases import Anatomy, Box

Points = NDArray[np.float64]
Plane = NDArray[np.floating[Any]]
Draw = ImageDraw.ImageDraw

FLESH, AIR_IN_LUNG, HEART, GREAT_VESSELS, BELLY = 0.62, 0.45, 0.30, 0.20, 0.32
RIB, CLAVICLE, SPINE, VESSEL, TEXTURE, TRACHEA = 0.105, 0.20, 0.16, 0.17, 0.03, 0.20
N_RIBS = 9.5  # from the top of the lungs to their bottom
SMALL_PX = 512  # line widths are given for a picture of this long side

# Corners of smooth closed curves, in fractions of the structure's box; a corner given twice is
# sharp. The lung is the patient's right one: lateral at 0, medial at 1.
_LUNG = [
    (0.66, 0.00), (0.42, 0.05), (0.22, 0.17), (0.09, 0.38), (0.01, 0.68), (0.00, 0.92),
    (0.02, 1.00), (0.02, 1.00), (0.14, 0.93), (0.36, 0.865), (0.62, 0.85), (0.84, 0.90),
    (0.97, 0.97), (0.97, 0.97), (0.98, 0.75), (0.95, 0.50), (0.97, 0.30), (0.92, 0.12),
    (0.82, 0.02),
]  # fmt: skip
_HEART = [
    (0.24, 0.00), (0.48, -0.03), (0.66, 0.03), (0.75, 0.18), (0.84, 0.40), (0.95, 0.64),
    (1.00, 0.84), (0.93, 0.98), (0.70, 1.02), (0.35, 1.02), (0.10, 0.97), (0.01, 0.74),
    (0.03, 0.44), (0.12, 0.18),
]  # fmt: skip
_MEDIASTINUM = [
    (0.30, 0.00), (0.22, 0.10), (0.12, 0.28), (0.06, 0.55), (0.10, 0.80), (0.10, 1.00),
    (0.10, 1.00), (0.90, 1.00), (0.90, 1.00), (0.86, 0.75), (0.84, 0.60), (0.96, 0.50),
    (0.99, 0.41), (0.92, 0.33), (0.80, 0.26), (0.76, 0.10), (0.72, 0.00),
]  # fmt: skip
_KNOB = [(0.62, 0.36), (0.80, 0.31), (0.96, 0.36), (1.00, 0.43), (0.92, 0.50), (0.68, 0.52)]
_STEPS = 8


@dataclass(frozen=True)
class Frame:
    """An image's grid and the tilt of the patient in it.

    A point in fractions of the image lands on a pixel by `place`; `tilt_rad` turns the body about
    the image's centre.
    """

    height_px: int
    width_px: int
    tilt_rad: float

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return self.height_px, self.width_px

    def coarse(self, factor: int) -> "Frame":
        """Give the same frame with fewer pixels."""
        return Frame(-(-self.height_px // factor), -(-self.width_px // factor), self.tilt_rad)

    def place(self, points: Points) -> Points:
        """Give the pixels, shape (n, 2) as x and y, of points in fractions of the image."""
        size = np.array([self.width_px, self.height_px])
        turn = np.array(
            [
                [math.cos(self.tilt_rad), -math.sin(self.tilt_rad)],
                [math.sin(self.tilt_rad), math.cos(self.tilt_rad)],
            ]
        )
        placed: Points = ((points - 0.5) * size) @ turn.T + size / 2 - 0.5
        return placed


def outlines(anatomy: Anatomy) -> dict[str, Points]:
    """Give the closed outlines of a chest, without tilt; right is the patient's.

    Each has shape (n, 2): x and y in fractions of the image.
    """
    left = [(1 - u, v) for u, v in _LUNG]
    return {
        "right_lung": _curve(_LUNG, anatomy.right_lung),
        "left_lung": _curve(left, anatomy.left_lung),
        "heart": _curve(_HEART, anatomy.heart),
        "mediastinum": _curve(_MEDIASTINUM, anatomy.mediastinum),
        "aortic_knob": _curve(_KNOB, anatomy.mediastinum),
    }


def _curve(corners: list[tuple[float, float]], box: Box) -> Points:
    """Run a closed Catmull-Rom spline through corners given in fractions of a box."""
    p1 = np.array(corners)
    p0, p2, p3 = np.roll(p1, 1, axis=0), np.roll(p1, -1, axis=0), np.roll(p1, -2, axis=0)
    t = (np.arange(_STEPS) / _STEPS)[None, :, None]
    a, b, c, d = (p[:, None, :] for p in (p0, p1, p2, p3))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    low, high = np.array(box[:2]), np.array(box[2:])
    points: Points = curve.reshape(-1, 2) * (high - low) + low
    return points


def filled(frame: Frame, *polygons: Points) -> Image.Image:
    """Draw closed outlines, white on black, as an 8-bit picture."""
    picture = Image.new("L", (frame.width_px, frame.height_px))
    draw = ImageDraw.Draw(picture)
    for polygon in polygons:
        draw.polygon(list(map(tuple, frame.place(polygon))), fill=255)
    return picture


@dataclass(frozen=True)
class Chest:
    """A chest's density, and what lesions need to know of it: aerated lung, and drawn vessels."""

    density: Plane
    aerated: Plane
    vessels: Plane


def draw_chest(anatomy: Anatomy, frame: Frame, rng: np.random.Generator) -> Chest:
    """Draw a chest without lesions; arrays are float32 of the frame's shape.

    Structures are drawn at half the frame's size, vessels at all of it; `rng` decides what the
    anatomy leaves open.
    """
    half = frame.coarse(2)
    shapes = outlines(anatomy)
    lungs = _soft(filled(half, shapes["right_lung"], shapes["left_lung"]), 1.0)
    heart = _soft(filled(half, shapes["heart"]), 1.4)
    great = _soft(filled(half, shapes["mediastinum"]), 1.4)
    body = _body(anatomy, half)
    centre = np.maximum(heart, 0.8 * great)
    aerated = lungs * (1 - centre)
    belly = _belly(anatomy, half, rng) * (1 - np.maximum(lungs, 0.6 * heart))
    density = body * (FLESH + BELLY * belly)
    density += np.maximum(HEART * heart, GREAT_VESSELS * great) * (0.35 + 0.65 * lungs)
    density -= AIR_IN_LUNG * aerated
    density += body * _bones(anatomy, half, lungs, centre, rng)
    density -= TRACHEA * _airway(anatomy, half)
    density += 0.03 * blobs(half.shape, 4, rng) * body
    density, aerated = _enlarge(density, frame), _enlarge(aerated, frame)
    vessels = VESSEL * aerated * _vessels(anatomy, frame, rng)
    density += vessels + TEXTURE * aerated * blobs(frame.shape, 48, rng)
    _marker(density, frame, rng)
    return Chest(density, aerated, vessels)


def blobs(shape: tuple[int, ...], cells: int, rng: np.random.Generator) -> Plane:
    """Give smooth noise with mean 0 and deviation near 1, `cells` lumps across."""
    coarse = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
    return np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _enlarge(plane: Plane, frame: Frame) -> Plane:
    """Bring a coarser plane to a frame's size."""
    size = (frame.width_px, frame.height_px)
    return np.array(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))


def _soft(picture: Image.Image, radius: float) -> Plane:
    """Blur an 8-bit picture, by a radius in pixels of a small one, and scale it to 0 .. 1."""
    radius_px = radius * max(picture.size) * 2 / SMALL_PX
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius_px)), np.float32) / 255


def _middle(anatomy: Anatomy) -> float:
    return (anatomy.mediastinum[0] + anatomy.mediastinum[2]) / 2


def _top(anatomy: Anatomy) -> float:
    return min(anatomy.right_lung[1], anatomy.left_lung[1])


def _body(anatomy: Anatomy, frame: Frame) -> Plane:
    """Draw the silhouette: neck, shoulders, arms, flanks."""
    right, left = anatomy.right_lung[0], anatomy.left_lung[2]
    middle, top = _middle(anatomy), _top(anatomy)
    side = [
        (0.13, -0.2), (0.13, top * 0.3), (0.17, top * 0.55), (0.28, top * 0.8),
        (0.42, top * 0.95), (0.55, top + 0.05), (0.62, top + 0.25), (0.64, top + 0.55),
        (0.56, top + 0.55),
    ]  # fmt: skip
    flank = [(0.05, top + 0.36), (0.04, 0.55), (0.045, 0.7), (0.07, 1.2)]
    outline = [(middle - dx, y) for dx, y in side] + [(right - dx, y) for dx, y in flank]
    outline += [(left + dx, y) for dx, y in reversed(flank)]
    outline += [(middle + dx, y) for dx, y in reversed(side)]
    return _enlarge(_soft(filled(frame.coarse(2), np.array(outline)), 3.0), frame)


def _belly(anatomy: Anatomy, frame: Frame, rng: np.random.Generator) -> Plane:
    """Draw what lies under the diaphragm: liver, and the stomach with its bubble of gas."""
    right, left = anatomy.right_lung, anatomy.left_lung
    domes = (right[3] - 0.16 * (right[3] - right[1]), left[3] - 0.16 * (left[3] - left[1]))
    middle = _middle(anatomy)
    small = frame.coarse(2)
    liver = np.array([(-0.2, domes[0]), (middle, domes[0]), (middle, 1.3), (-0.2, 1.3)])
    stomach = np.array([(middle, domes[1]), (1.2, domes[1]), (1.2, 1.3), (middle, 1.3)])
    picture = filled(small, liver, stomach).filter(ImageFilter.GaussianBlur(max(small.shape) / 20))
    x = middle + (left[2] - middle) * rng.uniform(0.35, 0.6)
    y = domes[1] + rng.uniform(0.05, 0.08)
    _disc(ImageDraw.Draw(picture), small, (x, y), (rng.uniform(0.03, 0.07), 0.022), 70)
    return _enlarge(_soft(picture, 1.2), frame)


def _bones(
    anatomy: Anatomy, frame: Frame, lungs: Plane, centre: Plane, rng: np.random.Generator
) -> Plane:
    x, y = _upright_grid(frame)
    top, middle = np.float32(_top(anatomy)), np.float32(_middle(anatomy))
    bottom = max(anatomy.right_lung[3], anatomy.left_lung[3])
    halves = np.array([middle - anatomy.right_lung[0], anatomy.left_lung[2] - middle], np.float32)
    half = halves[(x > middle).astype(np.intp)]
    down = (y - top) / np.float32(bottom - top)
    bones = _spine((x - middle) / halves.sum(), down)
    narrowing = 0.40 + 0.6 * np.sqrt(np.clip(down + np.float32(0.06), 0, 0.5) * 2)
    out = np.abs(x - middle) / (half * narrowing)
    bones += _ribs(out, down, rng.uniform(-0.3, 0.3)) * (0.35 + 0.65 * lungs) * (1 - 0.7 * centre)
    bones += CLAVICLE * _shoulders(anatomy, frame, rng)
    return bones


def _upright_grid(frame: Frame) -> tuple[Plane, Plane]:
    """Give each pixel's place in fractions of the image, before the patient's tilt."""
    x = ((np.arange(frame.width_px, dtype=np.float32) + 0.5) / frame.width_px)[None, :]
    y = ((np.arange(frame.height_px, dtype=np.float32) + 0.5) / frame.height_px)[:, None]
    slope = np.float32(math.tan(frame.tilt_rad) * frame.height_px / frame.width_px)
    back = np.float32(math.tan(frame.tilt_rad) * frame.width_px / frame.height_px)
    return x + slope * (y - np.float32(0.5)), y - back * (x - np.float32(0.5))


# One rib and the gap under it: bright edges (the cortex), a fainter middle, nothing between.
_RIB_PROFILE = np.interp(
    np.arange(256) / 256,
    [0.0, 0.05, 0.10, 0.22, 0.36, 0.42, 0.50, 0.95, 1.0],
    [0.3, 0.95, 0.75, 0.62, 0.75, 0.9, 0.0, 0.0, 0.3],
).astype(np.float32)


def _ribs(out: Plane, down: Plane, shift: float) -> Plane:
    """Draw ribs by their phase: posterior ones arch from the spine, anterior ones return."""
    cubed = out * out * out
    posterior = down * N_RIBS + 0.85 * np.sin(np.float32(2.0) * out) - 2.5 * cubed + shift
    anterior = down * N_RIBS + 3.0 * out - 4.6 + shift
    wall = np.exp(-(((out - np.float32(1.03)) * 22) ** 2)) * np.clip(down * 6, 0, 1)
    back = _RIB_PROFILE[_phase(posterior)] * np.clip(out * 8 - np.float32(0.8), 0, 1)
    front = _RIB_PROFILE[_phase(anterior)] * np.clip(out * 2 - np.float32(1.1), 0, 1)
    inside = np.clip((np.float32(1.06) - out) * 16, 0, 1)
    inside *= np.clip((np.float32(1.12) - down) * 6, 0, 1) * np.clip(down * 12 + 1, 0, 1)
    ribs: Plane = RIB * (inside * (back + np.float32(0.38) * front) + np.float32(0.5) * wall)
    return ribs


def _phase(turns: Plane) -> NDArray[np.intp]:
    return (turns * 256).astype(np.intp) & 255


def _spine(across: Plane, down: Plane) -> Plane:
    """Draw the vertebral column: bodies, discs, and the edges of the bodies."""
    away = np.abs(across)
    body = np.clip((np.float32(0.070) - away) * 55, 0, 1)
    edge = np.exp(-(((away - np.float32(0.062)) * 120) ** 2))
    disc = 0.85 + 0.22 * np.sin(down * np.float32(2 * math.pi * 11.5)).clip(-0.5, 1)
    column: Plane = np.float32(SPINE) * disc * (body + np.float32(0.3) * edge)
    return column


def _shoulders(anatomy: Anatomy, frame: Frame, rng: np.random.Generator) -> Plane:
    """Draw clavicles, the edges of the shoulder blades and the heads of the humeri."""
    picture = Image.new("L", (frame.width_px, frame.height_px))
    draw = ImageDraw.Draw(picture)
    middle = _middle(anatomy)
    for sign, lung in ((-1, anatomy.right_lung), (1, anatomy.left_lung)):
        top, reach = lung[1], sign * abs((lung[0] if sign < 0 else lung[2]) - middle)
        lift = rng.uniform(-0.015, 0.015)
        blade = [(0.98, 0.06), (0.86, 0.16), (0.84, 0.26), (0.95, 0.38), (1.12, 0.12)]
        _stroke(draw, frame, [(middle + reach * u, top + v) for u, v in blade], 0.008, 60)
        bone = [(0.10, 0.100), (0.30, 0.080), (0.55, 0.042), (0.80, 0.013), (1.12, 0.0)]
        curve = [(middle + reach * u, top + v + lift) for u, v in bone]
        _stroke(draw, frame, curve, 0.026, 190)
        _stroke(draw, frame, curve, 0.014, 140)
        _disc(draw, frame, (middle + reach * 1.27, top + 0.075), (0.055, 0.05), 120)
    return _soft(picture, 0.8)


def _stroke(
    draw: Draw, frame: Frame, points: list[tuple[float, float]], width: float, level: int
) -> None:
    """Draw a polyline; `width` is a fraction of the image's long side."""
    line = [tuple(point) for point in frame.place(np.array(points))]
    draw.line(line, fill=level, width=max(1, round(width * max(frame.shape))), joint="curve")


def _disc(
    draw: Draw, frame: Frame, at: tuple[float, float], radii: tuple[float, float], level: int
) -> None:
    """Draw an ellipse; place and radii are fractions of the image."""
    centre = frame.place(np.array([at]))[0]
    reach = np.array(radii) * (frame.width_px, frame.height_px)
    draw.ellipse([*(centre - reach), *(centre + reach)], fill=level)


def _vessels(anatomy: Anatomy, frame: Frame, rng: np.random.Generator) -> Plane:
    """Draw the hila and the tree of vessels that thins out towards the pleura, 0 .. 1."""
    picture = Image.new("L", (frame.width_px, frame.height_px))
    draw = ImageDraw.Draw(picture)
    unit = max(frame.shape) / SMALL_PX
    for sign, lung in ((-1, anatomy.right_lung), (1, anatomy.left_lung)):
        width, height = lung[2] - lung[0], lung[3] - lung[1]
        medial = lung[2] if sign < 0 else lung[0]
        hilum = np.array([medial + sign * 0.06 * width, lung[1] + (0.47 - 0.03 * sign) * height])
        for starts, ends, thickness, level in reversed(_tree(hilum, sign, width, height, rng)):
            lines = np.stack([frame.place(starts), frame.place(ends)], axis=1).reshape(-1, 4)
            for line in lines.tolist():
                draw.line(line, fill=level, width=max(1, round(thickness * unit)))
        for dx, dy, radius in ((0.03, -0.05, 0.018), (0.07, 0.03, 0.022), (0.05, 0.10, 0.016)):
            centre = (hilum[0] + sign * dx * width, hilum[1] + dy * height)
            _disc(draw, frame, centre, (radius, radius * 1.2), 190)
    return np.asarray(picture.filter(ImageFilter.BoxBlur(unit)), np.float32) / 255


# Per level of the tree: thickness in pixels of a small picture, brightness, length.
_BRANCHES = ((3.0, 230, 0.20), (2.2, 190, 0.17), (1.6, 150, 0.15), (1.1, 110, 0.13), (1.0, 75, 0.1))


def _tree(
    hilum: Points, sign: int, width: float, height: float, rng: np.random.Generator
) -> list[tuple[Points, Points, float, int]]:
    """Branch from the hilum; each level is starts, ends, thickness and brightness."""
    angles = np.linspace(-1.35, 1.4, 11) + rng.normal(0, 0.1, 11)
    starts, reach = np.repeat(hilum[None], 11, axis=0), np.array([width, 0.75 * height])
    levels = []
    for thickness, level, length in _BRANCHES:
        heading = np.stack([sign * np.cos(angles), np.sin(angles)], axis=1)
        ends = starts + heading * reach * length * rng.uniform(0.7, 1.3, (len(angles), 1))
        levels.append((starts, ends, thickness, level))
        fork = rng.uniform(0.05, 0.55, len(angles))
        angles = np.concatenate([angles - fork, angles + rng.permutation(fork)])
        starts = np.concatenate([ends, ends])
    return levels


def _airway(anatomy: Anatomy, frame: Frame) -> Plane:
    """Draw the air in the trachea and main bronchi, 0 .. 1."""
    picture = Image.new("L", (frame.width_px, frame.height_px))
    draw = ImageDraw.Draw(picture)
    middle, (_, top, _, bottom) = _middle(anatomy), anatomy.mediastinum
    fork = top + 0.52 * (bottom - top)
    _stroke(draw, frame, [(middle - 0.003, -0.05), (middle - 0.012, fork)], 0.030, 200)
    for sign in (-1, 1):
        _stroke(draw, frame, [(middle, fork), (middle + sign * 0.055, fork + 0.06)], 0.018, 130)
    return _soft(picture, 0.9)


def _marker(density: Plane, frame: Frame, rng: np.random.Generator) -> None:
    """Put the lead letter L beside the patient's left shoulder."""
    unit = max(frame.shape) / SMALL_PX
    x = round(frame.width_px * rng.uniform(0.88, 0.93))
    y = round(frame.height_px * rng.uniform(0.03, 0.08))
    long, thick = round(16 * unit), max(1, round(3 * unit))
    density[y : y + long, x : x + thick] += 2.0
    density[y + long - thick : y + long, x : x + round(10 * unit)] += 2.0
