from collections import Counter

import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.gaze.sync.anatomy import load_anatomy, namings
from tests.synthetic import columns_of, sentences, words
from tests.unit.pipeline.gaze.sync.dictations import regions


def test_phrases_are_found_longest_first_in_any_case_and_spelling():
    text = "Bibasilar haze . RIGHT-sided pleural  effusion . heartland . the bases . hila ."
    spoken = words(text)
    left_out = Counter()
    boxes = [row for row in regions() if row["region"] == "left lower lung zone"]
    boxes += [{**boxes[0], "region": "right costophrenic angle"}]
    found = list(
        namings(
            text,
            columns_of(spoken, "words"),
            columns_of(sentences(spoken), "sentences"),
            columns_of(boxes, "regions"),
            load_anatomy(),
            left_out,
        )
    )
    assert [(one.word_s, one.sentence_s) for one in found] == [(0, 0), (3, 3), (10, 9)]
    assert left_out == {"phrases whose box is missing": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            "about: x\nregion: {}\n", "region is unknown; the nearest is regions", id="key"
        ),
        pytest.param("about: x\nregions: {heart: ['']}\n", "at least one word", id="empty"),
        pytest.param("about: x\nregions: {}\n", "at least one word", id="none"),
    ],
)
def test_a_map_of_phrases_that_cannot_be_meant_is_refused(tmp_path, content, said):
    (tmp_path / "anatomy.yaml").write_text(content)
    with pytest.raises(RuleError, match=said):
        load_anatomy(tmp_path)
