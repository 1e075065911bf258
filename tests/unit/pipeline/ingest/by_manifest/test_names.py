import re

import pytest

from gazescribe.pipeline.ingest.by_manifest.names import safe_ids


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("S01_a.2-x", "S01_a.2-x"),
        ("User 0", "User_0"),
        ("study/img 1.png", "study_img_1.png"),
        ("Müller, Ärztin", "Mueller_Aerztin"),
        ("Søren Ångström", "Soren_Angstroem"),
        ("José", "Jose"),
        ("../A1", "A1"),
        ("-x", "x"),
    ],
)
def test_names_become_ids(name, made):
    assert safe_ids([name]) == {name: made}


def test_names_that_would_be_the_same_stay_apart():
    ids = safe_ids(["User 0", "User/0", "User_0", "张三", "李四", "x" * 300])
    assert len({*ids.values()}) == 6
    assert ids["User_0"] == "User_0"
    assert re.fullmatch(r"User_0-[0-9a-f]{6}", ids["User 0"])
    assert re.fullmatch(r"id-[0-9a-f]{6}", ids["张三"])
    assert len(ids["x" * 300]) < 160


def test_ids_do_not_depend_on_the_order():
    names = ["b 1", "b/1", "a"]
    assert safe_ids(names) == safe_ids(reversed(names))
