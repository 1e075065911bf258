from tests.unit.pipeline.dictation.labeler.parses import trigger


def test_its_family_is_the_first_part_of_its_id():
    assert trigger("before", name="history.previous").family == "history"
