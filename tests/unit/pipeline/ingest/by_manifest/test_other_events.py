import pytest


@pytest.mark.parametrize("event", ["SAC", "Saccade", "ESACC", "SSACC L", "blink", "Unclassified"])
def test_saccades_are_no_fixations(lab, event):
    lab.files["fixations.csv"] = (
        f"id,start,end,x,y,Event type\nA1,0,1,10,20,EFIX\nA1,1,1.1,50,60,{event}\n"
    )
    output = lab.run().output
    assert f"the column Event type names other events than fixations ('{event}'): keep" in output
    assert "as `where: {Event type: 'EFIX'}`" in output
    lab.tables["fixations"]["where"] = {"Event type": "EFIX"}
    assert lab.ingest().column("fixations", "x_px") == [10]


def test_names_of_places_are_no_events(lab):
    lab.files["fixations.csv"] = (
        "id,start,end,x,y,label\nA1,0,1,10,20,heart\nB2,0,1,10,20,\nA1,1,2,50,60,sacral area\n"
    )
    assert lab.ingest().column("fixations", "x_px") == [10, 50]
