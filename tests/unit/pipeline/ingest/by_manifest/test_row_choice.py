SAMPLES = [  # start, x, y, number of the event
    (0.5, 10, 20, 1),
    (0.6, 10, 20, 1),
    (0.7, 11, 20, 1),
    (0.8, 50, 60, 2),
    (0.9, 50, 60, ""),
]


def test_one_row_of_each_event_counts(lab):
    """The first, whose time is the start; others may have another time, but no other place."""
    rows = "".join(f"A1,{start},0.2,{x},{y},{n}\n" for start, x, y, n in SAMPLES)
    lab.files["fixations.csv"] = f"id,start,length,x,y,n\n{rows}B2,1,1,30,40,1\n"
    columns = lab.tables["fixations"]["columns"]
    columns["duration_s"] = "length"
    del columns["offset_s"]
    lab.tables["fixations"]["one_per"] = "n"
    lab.ingest()
    assert lab.column("fixations", "onset_s") == [0.5, 0.8]
    assert lab.column("fixations", "x_px", "B2") == [30]
    assert lab.reasons() == {"fixations_said_again": 3, "fixations_differs": 1}
    assert "row 4: 1 row that is left out so differ from the first" in lab.run("verify").output


def test_values_that_never_stand_together(lab):
    lab.files["fixations.csv"] = "id,start,end,x,y,a,b\nA1,0,1,1,2,1,0\nA1,0,1,1,2,0,1\n"
    lab.tables["fixations"]["where"] = {"a": 1, "b": 1}
    message = "no row is what `where` asks for: each of its values is there, but never in one row"
    assert message in lab.run("verify").output
