from operator import itemgetter

import pytest

from gazescribe.pipeline.core.errors import ManifestError


def aligned(number, start, end, text):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{number}" TIME_SLOT_REF1="{start}"'
        f' TIME_SLOT_REF2="{end}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def refers(number, parent, text, previous=None):
    behind = f' PREVIOUS_ANNOTATION="{previous}"' if previous else ""
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{number}" ANNOTATION_REF="{parent}"{behind}>'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


EAF = f"""<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0" AUTHOR="" DATE=""><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="2000"/>
<TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="3000"/><TIME_SLOT TIME_SLOT_ID="ts6" TIME_VALUE="4000"/>
</TIME_ORDER>
<TIER TIER_ID="dictation" PARTICIPANT="R1">{aligned("b", "ts5", "ts6", "No mass.")}
{aligned("a", "ts1", "ts4", "Small left  nodule.")}{aligned("z", "ts4", "ts5", "")}</TIER>
<TIER TIER_ID="words" PARENT_REF="dictation">{aligned("w1", "ts1", "ts2", "Small")}
{aligned("w2", "ts2", "ts3", "left")}{aligned("w3", "ts3", "ts4", "nodule.")}</TIER>
<TIER TIER_ID="parts" PARENT_REF="dictation">{refers("p2", "b", "mass.", "p1")}
{refers("p1", "b", "No")}</TIER>
<TIER TIER_ID="kind" PARENT_REF="parts">{refers("k1", "p2", "noun")}</TIER>
<TIER TIER_ID="empty"/>
</ANNOTATION_DOCUMENT>"""
ROWS = [
    ("Small left nodule.", 0.5, 2.0, "dictation", "R1"),
    ("No mass.", 3.0, 4.0, "dictation", "R1"),
    ("Small", 0.5, 1.0, "words", ""),
    ("left", 1.0, 1.5, "words", ""),
    ("nodule.", 1.5, 2.0, "words", ""),
    ("No", 3.0, 3.5, "parts", ""),
    ("mass.", 3.5, 4.0, "parts", ""),
    ("noun", 3.5, 4.0, "kind", ""),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_slots_without_value_and_annotations_that_refer_to_others(rows, encoding):
    text = EAF.replace("UTF-8", encoding)
    assert rows("elan", text.encode(encoding)) == sorted(ROWS, key=itemgetter(1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<HTML/>", "XML, but not of ELAN"),
        (EAF.replace("ts6", "ts9", 1), "not a whole file of ELAN"),
        (EAF.replace("ANNOTATION_VALUE", "VALUE"), "not a whole file of ELAN"),
        (EAF[:900], "this is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "bb">]>' + EAF[40:], "declares entities"),
    ],
)
def test_files_that_are_none(rows, content, message):
    with pytest.raises(ManifestError, match=message) as raised:
        rows("elan", content)
    assert "nodule" not in str(raised.value)
