"""Drafts of whole folders, answered and ingested."""

import json
import re

import pytest
import yaml
from PIL import Image

from tests.running import gazescribe, invoke

READINGS = "trial,patient,image,columns,rows\nS1,99000001,a,2048,2048\nS2,99000002,b,2048,1536\n"
GAZE = "start\tlength\tx\ty\n200\t450\t700\t800\n690\t600\t1180\t820\n"
WORDS = "trial,word,from,to\nS1,Small,1.1,1.4\nS1,effusion.,1.6,2.2\nS2,Clear.,1.0,1.4\n"


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    (folder / "gaze").mkdir(parents=True)
    (folder / "readings.csv").write_text(READINGS)
    (folder / "dictation.csv").write_text(WORDS)
    for name in ("S1", "S2"):
        (folder / "gaze" / f"{name}.tsv").write_text(GAZE)
    return folder


def answer(draft, answers):
    """Put answers in the place of questions, by their first words."""
    for word, text in answers.items():
        draft = re.sub(rf'!ask "{word}[^"]*"', str(text), draft)
    assert '!ask "' not in draft
    return draft


def test_a_draft_that_is_answered_can_be_ingested(raw, tmp_path):
    draft = gazescribe("manifest", raw)
    draft = answer(
        draft,
        {
            "how wide is the screen": 1920,
            "how high is it, in pixels": 1080,
            "how wide is it": 531,
            "how high is it, in milli": 299,
            "how far were": 650,
            "screen_px": "screen_px",
            "the same": "screen_px",
        },
    )
    (tmp_path / "mylab.yaml").write_text(draft)
    line = gazescribe("ingest", tmp_path / "mylab.yaml", raw, tmp_path / "tables")
    assert "2 readings, 2 with gaze, 2 images, 2 subjects; nothing left out" in line
    tables = yaml.safe_load(draft)["tables"]
    assert tables["fixations"]["columns"]["duration_s"] == {"column": "length", "unit": "ms"}
    assert tables["words"]["columns"]["reading_id"] == "trial"


def test_verify_repeats_the_questions(raw, tmp_path):
    (tmp_path / "mylab.yaml").write_text(gazescribe("manifest", raw))
    result = invoke("verify", tmp_path / "mylab.yaml", raw)
    assert result.exit_code == 2
    assert "line 13: screen.distance_mm: how far were the eyes" in result.output
    assert (
        "tables.fixations.columns.x_px.unit: screen_px (pixels of the screen) or" in result.output
    )


def test_gaze_and_words_on_different_clocks(raw):
    for path in (raw / "gaze").iterdir():
        path.write_text(GAZE.replace("200\t", "9000200\t").replace("690\t", "9000690\t"))
    draft = gazescribe("manifest", raw)
    assert "audio_start: !ask" in draft
    assert "from 9000.200 to 9000.690 s, words are from 1.000 to 1.600 s" in draft


def test_formats_are_recognised(raw):
    words = [{"word": "Clear.", "start": 1.0, "end": 1.4}]
    (raw / "dictation.csv").unlink()
    for name in ("S1", "S2"):
        (raw / f"{name}.json").write_text(json.dumps({"segments": [{"words": words}]}))
    draft = gazescribe("manifest", raw)
    words = draft[draft.index("  words:") :]
    assert "format: whisper" in words
    assert 'file: "{reading_id}.json"  # 2 files' in words


def test_a_tier_is_chosen_where_there_are_several(raw):
    (raw / "dictation.csv").unlink()
    tier = '"IntervalTier" "{}" 0 2 1 0 2 "{}"\n'
    for name, tiers in (("S1", ("words", "phones")), ("S2", ("words", "notes"))):
        text = f'"ooTextFile" "TextGrid" 0 2 <exists> {len(tiers)}\n'
        text += "".join(tier.format(one, "Clear.") for one in tiers)
        (raw / f"{name}.TextGrid").write_text(text)
    assert "tier: words  # of words, phones" in gazescribe("manifest", raw)
    for name in ("S1", "S2"):
        path = raw / f"{name}.TextGrid"
        path.write_text(path.read_text().replace("words", "speech"))
    assert 'tier: !ask "which tier counts: speech, phones?"' in gazescribe("manifest", raw)


def test_files_without_gaze_and_words(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    result = invoke("manifest", tmp_path)
    assert result.exit_code == 2
    assert "no file here holds gaze or timed words" in result.output


def test_people_who_saw_the_same_images(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("P1", "P2"):
        rows = "100,a,200,400,300\n500,b,200,500,300\n"
        (raw / f"{name}.csv").write_text(f"time_ms,stimulus,dur,x,y\n{rows}")
    (raw / "images.csv").write_text("image,width,height\na,1024,768\nb,1024,768\n")
    draft = gazescribe("manifest", raw)
    assert draft.count('reading_id: {join: [recording, stimulus], with: "_"}') == 2
    assert "width_px: 1024  # of all images in images.csv" in draft
    assert r"recording: 'P\d+'" in draft
    screen = draft[draft.index("screen:") : draft.index("ids:")]
    draft = draft.replace(screen, "resolution: {px_per_deg: 30}\n")
    draft = answer(draft, {"screen_px": "px", "the same": "px"})
    (tmp_path / "mylab.yaml").write_text(draft)
    line = gazescribe("ingest", tmp_path / "mylab.yaml", raw, tmp_path / "tables")
    assert "4 readings, 4 with gaze, 2 images" in line


ASC = """\
** CONVERTED FROM none.edf using edfapi 4.2.1
MSG\t1000000 DISPLAY_COORDS 0 0 1919 1079
MSG\t1000050 AUDIO_ON
START\t1000000\tRIGHT\tSAMPLES\tEVENTS
EVENTS\tGAZE\tRIGHT\tRATE\t 500.00\tTRACKING\tCR\tFILTER\t2
EFIX R   1000100\t1000498\t400\t  700.0\t  800.0\t    900
EFIX R   1000600\t1001798\t1200\t  990.0\t  500.0\t    900
END\t1002000\tSAMPLES\tEVENTS\tRES\t  43.10\t  41.20
"""


def test_a_folder_of_recordings_transcripts_and_images_leaves_no_question(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    words = [
        {"word": "Small", "start": 0.5, "end": 0.8},
        {"word": "effusion.", "start": 0.8, "end": 1.4},
    ]
    for name in ("S1", "S2"):
        (raw / f"{name}.asc").write_text(ASC)
        (raw / f"{name}.json").write_text(json.dumps({"segments": [{"words": words}]}))
        Image.new("L", (60, 50)).save(raw / f"{name}.png")
    draft = gazescribe("manifest", raw)
    assert '!ask "' not in draft
    assert "audio_start: {message: AUDIO_ON}" in draft
    (tmp_path / "mylab.yaml").write_text(draft)
    said = gazescribe("maps", tmp_path / "mylab.yaml", raw, tmp_path / "out", "--workers", 1)
    assert "2 label maps, 2 saliency maps" in said
    assert "radiographs: 2 shown" in said


def test_images_of_other_names_are_no_readings(raw):
    (raw / "readings.csv").unlink()
    Image.new("L", (60, 50)).save(raw / "logo.png")
    draft = gazescribe("manifest", raw)
    assert "format: images" not in draft


REPORT = "RECORDING_SESSION_LABEL\tTRIAL_INDEX\timage\tCURRENT_FIX_START\tCURRENT_FIX_DURATION"
PLACES = "\tCURRENT_FIX_X\tCURRENT_FIX_Y\n"


def test_a_file_of_several_people_before_the_same_images(tmp_path):
    """Their names have a suffix here, and the image is a stranger to who reads them."""
    raw = tmp_path / "raw"
    raw.mkdir()
    rows = "".join(
        f"{who}\t{trial}\t{image}.png\t10\t400\t{700 + trial}\t500.0\n"
        for who in ("P1", "P2")
        for trial, image in enumerate("ab")
    )
    (raw / "report.xls").write_text(REPORT + PLACES + rows)
    for image in "ab":
        Image.new("L", (60, 50)).save(raw / f"{image}.png")
    draft = gazescribe("manifest", raw)
    assert draft.count("reading_id: {join: [RECORDING_SESSION_LABEL, image]") == 2
    assert "image_path: image" in draft
    assert "where" not in draft
    screen = draft[draft.index("screen:") : draft.index("tables:")]
    numbers = "screen: {width_px: 1920, height_px: 1080, width_mm: 531, distance_mm: 650}\n"
    (tmp_path / "mylab.yaml").write_text(draft.replace(screen, numbers))
    line = gazescribe("ingest", tmp_path / "mylab.yaml", raw, tmp_path / "tables")
    assert "4 readings, 4 with gaze, 2 images, 2 subjects; nothing left out" in line


def test_tables_as_a_clock_and_another_language_write_them(tmp_path):
    head = "Befunder;Bild;Beginn;Dauer (ms);X-Position;Y-Position\n"
    rows = "".join(
        f"{who};{image};00:00:0{n},5;400;700,5;1.024,5\n"
        for who in "AB"
        for image in "ab"
        for n in range(3)
    )
    (tmp_path / "gaze.csv").write_text(head + rows)
    draft = gazescribe("manifest", tmp_path)
    assert draft.count("reading_id: {join: [Befunder, Bild]") == 2
    assert "onset_s: Beginn  # s: as a clock shows them" in draft
    assert 'duration_s: {column: "Dauer (ms)", unit: ms}' in draft
    assert "#   1 file gaze.csv: fixations\n" in draft


def test_fixations_are_chosen_among_other_events(tmp_path):
    rows = "10,400,700,500,Fixation,L\n410,20,800,500,Saccade,L\n430,400,900,500,Fixation,R\n"
    (tmp_path / "S1.csv").write_text(f"start_ms,duration_ms,x,y,type,eye\n{rows}")
    draft = gazescribe("manifest", tmp_path)
    assert "type: Fixation  # of Fixation, Saccade" in draft
    assert 'eye: !ask "which eye counts: L, R?"' in draft


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("S1.xdf", b"XDF:\x05\x01\x00<?xml", "the stream of gaze as CSV"),
        ("S1.edf", b"SR_RESEARCH_COMBINED_FILE\x00\x01", "edf2asc"),
        ("S1.xlsx", b"PK\x03\x04", "save it as CSV"),
        (
            "S1.xml",
            b'<REC TIME="0.1" FPOGX="0.4" FPOGY="0.5" FPOGS="0.1" />\n',
            "attributes of REC",
        ),
        (
            "S1.otr",
            b'{"text": "<p><span class=\\"timestamp\\" data-timestamp=\\"1\\">", "media": ""}',
            "srt",
        ),
        ("S1.txt", b"A  0:02  \nClear.\n\nTranscribed by https://otter.ai\n", "export SRT"),
        ("S1.bin", b"\x00\x01\x02", "unknown"),
    ],
)
def test_what_is_not_read_is_said_with_what_to_do(raw, name, content, words):
    (raw / "dictation.csv").unlink()
    (raw / name).write_bytes(content)
    draft = gazescribe("manifest", raw)
    head = draft[: draft.index("\nname:")].split("\n")
    assert [line for line in head if f"1 file {name}: " in line and words in line]
    assert "# No words were found: 1 of 4 files is not read." in head
    (raw / name).unlink()
    assert "# No words were found.\n" in gazescribe("manifest", raw)
