import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.yaml_files import load_yaml
from gazescribe.pipeline.ingest.drafting.kinds import find_groups
from tests.running import invoke


def test_groups_of_a_folder(tmp_path):
    files = {
        "a.png": "",
        "a.wav": "",
        "gaze/S1.csv": "start,end,x,y\n0,1,2,3\n",
        "gaze/S2.csv": "start,end,x,y,pupil\n0,1,2,3,4\n",
        "notes.txt": "nothing",
        "S1.srt": "1\n00:00:01,000 --> 00:00:02,000\nNo nodule.\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    groups = find_groups(tmp_path, list(files))
    found = {(group.table, group.format, group.pattern.text) for group in groups}
    assert found == {
        ("audio", None, "{reading_id}.wav"),
        ("fixations", None, "gaze/{reading_id}.csv"),
        ("images", None, "{reading_id}.png"),
        ("unknown", None, "{reading_id}.txt"),
        ("words", "srt", "{reading_id}.srt"),
    }
    (gaze,) = (group for group in groups if group.table == "fixations")
    assert gaze.columns == {"onset_s": "start", "offset_s": "end", "x_px": "x", "y_px": "y"}


def test_recordings_of_other_labs_are_drafted(shared, tmp_path):
    """Each draft is YAML whose questions are its only faults, or says that nothing was found."""
    folders = sorted((shared / "faults" / "own-data").glob("*/raw"))
    assert len(folders) > 20
    n_drafts = 0
    for folder in folders:
        result = invoke("manifest", folder)
        if result.exit_code:
            assert "no file here holds gaze or timed words" in result.output
            continue
        n_drafts += 1
        path = tmp_path / "draft.yaml"
        path.write_text(result.output)
        if "!ask" in result.output.partition("name:")[2]:
            with pytest.raises(ManifestError, match="questions are open"):
                load_yaml(path, ManifestError)
    assert n_drafts == len(folders)


def test_gaze_in_the_picture_of_a_scene_camera_is_no_table(tmp_path):
    path = tmp_path / "fixations.csv"
    path.write_text("id,start_timestamp,duration,norm_pos_x,norm_pos_y\n1,38.7,216,0.5,0.5\n")
    (group,) = find_groups(tmp_path, ["fixations.csv"])
    assert "scene camera" in group.table
