"""Pages opened again: what is in them is found, what runs or loads is refused."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.export.check import check_export, forbid
from gazescribe.pipeline.export.open_page import digest_of, open_page
from gazescribe.pipeline.export.opened import Refused

MAP = np.linspace(0, 1, 24).astype(np.float16).reshape(4, 6)


def png(pixels, **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", **options)
    return base64.b64encode(content.getvalue()).decode()


SHOWN = np.rint(MAP.astype(np.float32) * 255).astype(np.uint8)
NOTE = PngImagePlugin.PngInfo()
NOTE.add_text("note", "words")


def test_a_page_gives_texts_attributes_and_digests(tmp_path):
    path = tmp_path / "index.html"
    picture = f'<img src="data:image/png;base64,{png(SHOWN)}" alt="of R1">'
    path.write_text(f"<p>one &amp; two<!-- three --></p>{picture}")
    text, attributes, pictures = (column.values for column in open_page(path))
    assert "".join(text) == "one & two three "
    assert attributes == ["of R1"]
    assert pictures == [digest_of(SHOWN)]


@pytest.mark.parametrize(
    ("page", "why"),
    [
        pytest.param("<script>x</script>", "<script>", id="script"),
        pytest.param("<svg/>", "<svg>", id="svg"),
        pytest.param('<p onclick="x">', "attribute onclick", id="handler"),
        pytest.param('<p style="x">', "attribute style", id="style"),
        pytest.param('<img src="images/a.png">', "leads out", id="file"),
        pytest.param('<img src="data:image/jpeg;base64,AAAA">', "leads out", id="jpeg"),
        pytest.param('<a href="https://example.org">', "leads out", id="link"),
        pytest.param('<a href="//example.org">', "leads out", id="link-without-scheme"),
        pytest.param("<style>p { background: URL(x) }</style>", "loads a file", id="sheet"),
        pytest.param(
            f'<img src="data:image/png;base64,{png(SHOWN, pnginfo=NOTE)}">',
            "holds more than a picture of a map",
            id="words-in-png",
        ),
    ],
)
def test_what_runs_loads_or_hides_is_refused(tmp_path, page, why):
    path = tmp_path / "index.html"
    path.write_text(page)
    with pytest.raises(Refused, match=why):
        list(open_page(path))


@pytest.mark.parametrize("pixels", [SHOWN, SHOWN[::-1], SHOWN.reshape(6, 4)], ids=str)
def test_only_pictures_of_the_maps_may_be_shown(tmp_path, pixels):
    (tmp_path / "index.html").write_text(f'<img src="data:image/png;base64,{png(pixels)}">')
    forbidden = forbid([], [], TEN_LABELS, pictures=False, previews=[MAP])
    same = pixels is SHOWN
    fault = "index.html: it shows a picture that is none of its maps"
    assert check_export(tmp_path, forbidden) == ([] if same else [fault])


def test_texts_of_a_page_are_searched(tmp_path):
    said = "there is a small left effusion at the base"
    (tmp_path / "index.html").write_text(f'<img alt="{said}">')
    (fault,) = check_export(tmp_path, forbid([said], [], TEN_LABELS, pictures=True))
    assert "words of a dictation in attributes" in fault
