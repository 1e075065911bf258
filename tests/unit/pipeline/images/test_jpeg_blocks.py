"""What the reader of our own makes of files, beside Pillow: the same bytes, or nothing."""

import random
import subprocess
import sys

import numpy as np
import pytest

from tests.unit.pipeline.images.jpeg_cases import by_pillow, jpeg, picture

pytest.importorskip("numba")

from gazescribe.pipeline.images.jpeg_blocks import blocks_of

BLOCKS_PX = (2, 4, 8)


def check(content):
    for block_px in BLOCKS_PX:
        means = blocks_of(content, block_px)
        assert means is not None
        np.testing.assert_array_equal(means, by_pillow(content, block_px), f"{block_px}")


@pytest.mark.parametrize("options", [{}, {"optimize": True}], ids=["standard", "optimised"])
@pytest.mark.parametrize("quality", [1, 10, 30, 50, 75, 90, 95, 100])
def test_qualities(quality, options):
    check(jpeg(picture(203, 171), quality=quality, **options))


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (64, 63), (8, 700), (700, 9)])
def test_sizes(size):
    check(jpeg(picture(*size), quality=95))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("grain", [0, 0.5, 8, 60, 400])
def test_long_files_are_read_in_two_places(grain, seed):
    content = jpeg(picture(900, 700, seed=seed, grain=grain), quality=95)
    assert grain == 0 or len(content) > 2**15
    check(content)


def test_extremes():
    rng = np.random.default_rng(0)
    for pixels in (
        rng.integers(0, 2, (300, 300)) * 255,
        np.indices((256, 256)).sum(0) % 2 * 255,
        np.indices((256, 256))[1] // 8 % 2 * 255,
        np.zeros((256, 256)),
    ):
        for quality in (5, 60, 100):
            check(jpeg(pixels.astype(np.uint8), quality=quality))


def test_comments_and_tables_of_other_components_are_passed_over():
    content = jpeg(picture(60, 60), comment=b"of a radiograph", dpi=(300, 300))
    check(content)


@pytest.mark.parametrize(
    "content",
    [
        jpeg(picture(60, 60), progressive=True),
        jpeg(np.dstack([picture(60, 60)] * 3)),
        jpeg(picture(60, 60), restart_marker_blocks=4),
        jpeg(picture(60, 60)) + b"more",
        jpeg(picture(60, 60))[:-2],
        jpeg(picture(60, 60))[:-200],
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG",
    ],
    ids=["progressive", "colour", "restarts", "more", "no end", "cut", "empty", "short", "PNG"],
)
def test_what_is_of_another_kind_is_left_to_pillow(content):
    assert [blocks_of(content, block_px) for block_px in BLOCKS_PX] == [None] * 3


def mutated(content, rng):
    """Change, cut out, double or swap a few bytes, anywhere."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(changed))
        kind = rng.randrange(5)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del changed[at : at + rng.randrange(1, 40)]
        elif kind == 3:
            changed[at:at] = changed[at : at + rng.randrange(1, 40)]
        else:
            changed[at : at + 2] = bytes((0xFF, rng.randrange(256)))
        if not changed:
            break
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("content", "n"),
    [
        pytest.param(jpeg(picture(40, 48), quality=95), 1500, id="short"),
        pytest.param(jpeg(picture(40, 48), quality=40, optimize=True), 1500, id="own codes"),
        pytest.param(jpeg(picture(500, 300), quality=95), 300, id="in two places"),
        pytest.param(jpeg(picture(500, 300, grain=90), quality=98), 300, id="large values"),
    ],
)
def test_damaged_files_have_the_outcome_of_pillow(content, n):
    rng = random.Random(0)  # noqa: S311 draws that can be repeated
    read = 0
    for _ in range(n):
        damaged = mutated(content, rng)
        block_px = rng.choice(BLOCKS_PX)
        means = blocks_of(damaged, block_px)
        if means is not None:
            read += 1
            np.testing.assert_array_equal(means, by_pillow(damaged, block_px))
    assert 0 < read < n


def test_a_few_bytes_in_each_place_of_the_header_can_be_anything():
    content = jpeg(picture(24, 24), optimize=True)
    for at in range(content.index(b"\xff\xda") + 14):
        for value in (0, 1, 17, 0x7F, 0xFF):
            damaged = content[:at] + bytes((value,)) + content[at + 1 :]
            means = blocks_of(damaged, 4)
            if means is not None:
                np.testing.assert_array_equal(means, by_pillow(damaged, 4))


def test_what_was_compiled_is_kept_for_other_processes():
    code = (
        "import io, sys; from PIL import Image;"
        "from gazescribe.pipeline.images import jpeg_blocks as j;"
        "f = io.BytesIO(); Image.new('L', (8, 8)).save(f, 'JPEG'); j.blocks_of(f.getvalue(), 8);"
        "print(sum(j._decode.stats.cache_misses.values()), file=sys.stderr)"
    )
    run = [sys.executable, "-c", code]
    blocks_of(jpeg(picture(8, 8)), 8)  # kept from here at the latest
    ran = subprocess.run(run, capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "0"
