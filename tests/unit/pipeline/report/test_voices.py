import base64

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.voices import check_voices, find_voice, voice_as_data


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("R1.wav", id="named as the reading"),
        pytest.param("R1/audio.mp3", id="in a folder of the reading"),
        pytest.param("audio_segmentation_transcripts/R1/audio.wav", id="as EGD has it"),
    ],
)
def test_a_voice_is_found_by_the_id_of_its_reading(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")
    (tmp_path / "R11.wav").write_bytes(b"of another")
    assert find_voice(tmp_path, "R1") == path
    assert find_voice(tmp_path, "R2") is None
    check_voices(tmp_path, ["R2", "R1"])
    kind, _, content = voice_as_data(path).partition(";base64,")
    assert kind == {".wav": "data:audio/wav", ".mp3": "data:audio/mpeg"}[path.suffix]
    assert base64.b64decode(content) == b"sound"


def test_a_folder_without_any_voice_is_refused(tmp_path):
    (tmp_path / "R3.txt").write_text("no sound")
    with pytest.raises(GazeError, match="no audio of the 2 readings") as caught:
        check_voices(tmp_path, ["R1", "R2"])
    assert "R1.wav" in str(caught.value)
    check_voices(tmp_path, [])
