import json

import pytest

from tests.running import invoke

GAZE = "time,length,x,y\n" + "".join(
    f"{ms},100,{x},20\n" for ms, x in ((1000, 1), (1500, 2), (2500, 3), (4000, 4), (9000, 5))
)
TRIALS = "rec,from,to,image\nP1,1.2,3,a\nP1,3.5,5,b\nP2,0.5,2,a\n"


@pytest.fixture
def sessions(lab):
    """Two sessions, cut into trials by a table in seconds; their gaze is in milliseconds."""
    lab.files = {"gaze/P1.csv": GAZE, "gaze/P2.csv": GAZE, "trials.csv": TRIALS}
    ms = {name: {"column": name, "unit": "ms"} for name in ("time", "length")}
    columns = {"onset_s": ms["time"], "duration_s": ms["length"], "x_px": "x", "y_px": "y"}
    lab.manifest["tables"] = {
        "fixations": {"file": "gaze/{session}.csv", "columns": columns},
        "trials": {
            "file": "trials.csv",
            "columns": {
                "session": "rec",
                "reading_id": {"join": ["rec", "image"]},
                "start": "from",
                "end": "to",
            },
        },
    }
    return lab


def gaze(lab):
    rows = lab.all_rows("fixations")
    return {
        name: [(round(row["onset_s"], 6), row["x_px"]) for row in rows if row["reading_id"] == name]
        for name in sorted({row["reading_id"] for row in rows})
    }


def test_a_table_of_trials_cuts_sessions(sessions):
    """Two people who saw the same image are two readings; each begins with its trial."""
    sessions.ingest()
    assert gaze(sessions) == {
        "P1_a": [(0.3, 2), (1.3, 3)],
        "P1_b": [(0.5, 4)],
        "P2_a": [(0.5, 1), (1.0, 2)],
    }
    assert sessions.reasons() == {"fixations_of_no_trial": 5}


def test_a_trial_without_gaze_is_counted(sessions):
    sessions.files["trials.csv"] += "P3,1,2,a\nP2,20,30,b\n"
    sessions.ingest()
    assert sessions.summary["counts"]["readings"] == 5
    assert sessions.reasons()["fixations_missing"] == 1
    assert sessions.reasons()["fixations_none"] == 1


def test_the_session_may_be_a_column_or_the_only_one(sessions):
    fixations, trials = (sessions.tables[name] for name in ("fixations", "trials"))
    rows = GAZE.splitlines()
    sessions.files["gaze.csv"] = "\n".join(
        [
            f"{rows[0]},who",
            *(f"{row},P1" for row in rows[1:]),
            *(f"{row},P2" for row in rows[1:]),
            "",
        ]
    )
    fixations["file"] = "gaze.csv"
    fixations["columns"]["session"] = "who"
    assert len(gaze(sessions.ingest())["P2_a"]) == 2
    del fixations["columns"]["session"], trials["columns"]["session"]
    sessions.files["gaze.csv"] = GAZE
    sessions.files["trials.csv"] = "rec,from,to,image\nP1,1.2,3,a\nP1,3.5,,b\n"
    assert gaze(sessions.ingest()) == {"P1_a": [(0.3, 2), (1.3, 3)], "P1_b": [(0.5, 4), (5.5, 5)]}


MESSAGES = """who,t,text
P1,1200,TRIALID 1 a
P1,1400,AUDIO_ON
P1,3000,TRIAL_RESULT 0
P1,3500,TRIALID 2  b
P1,3600,AUDIO_ON
P2,500,TRIALID 1 a
"""


@pytest.fixture
def messages(sessions):
    """The same, but messages to the tracker say where trials start and end."""
    sessions.files["messages.csv"] = MESSAGES
    sessions.tables["messages"] = {
        "file": "messages.csv",
        "columns": {"session": "who", "time_s": {"column": "t", "unit": "ms"}, "message": "text"},
    }
    sessions.tables["trials"] = {
        "start": "TRIALID {number} {image}",
        "end": "TRIAL_RESULT*",
        "columns": {"reading_id": {"join": ["session", "image"]}},
    }
    return sessions


def test_messages_cut_sessions(messages):
    messages.ingest()
    assert gaze(messages) == {
        "P1_a": [(0.3, 2), (1.3, 3)],
        "P1_b": [(0.5, 4), (5.5, 5)],
        "P2_a": [(0.5, 1), (1.0, 2), (2.0, 3), (3.5, 4), (8.5, 5)],
    }


def test_audio_begins_with_a_message(messages):
    messages.tables["trials"]["columns"]["audio_start"] = {"message": "AUDIO_ON"}
    messages.ingest()
    assert gaze(messages)["P1_a"] == [(0.1, 2), (1.1, 3)]
    assert gaze(messages)["P2_a"][0] == (0.5, 1)
    assert messages.reasons()["audio_start_missing"] == 1
    output = messages.run("verify").output
    assert "no message of reading P2_a is 'AUDIO_ON' (there are: " in output


def test_audio_begins_with_a_message_of_the_reading(lab):
    """Without sessions: each reading has its recording, and its messages."""
    lab.files["messages.csv"] = "id,t,text\nA1,300,go\nA1,200,AUDIO 7\nB2,500,AUDIO 9\n"
    columns = {"reading_id": "id", "time_s": {"column": "t", "unit": "ms"}, "message": "text"}
    lab.tables["messages"] = {"file": "messages.csv", "columns": columns}
    lab.tables["readings"]["columns"]["audio_start"] = {"message": "AUDIO *"}
    lab.ingest()
    assert lab.column("fixations", "onset_s") == pytest.approx([0.3, 0.6])
    assert lab.column("fixations", "onset_s", "B2") == [0.5]


@pytest.mark.parametrize("table", ["trials", "readings"])
def test_audio_may_begin_some_time_after_the_trial(sessions, table):
    late = {"column": "late", "unit": "ms", "since": "trial"}
    if table == "trials":
        sessions.files["trials.csv"] = "rec,from,to,image,late\nP1,1.2,3,a,200\nP2,0.5,2,a,\n"
        sessions.tables["trials"]["columns"]["audio_start"] = late
    else:
        sessions.files["r.csv"] = "id,late\nP1_a,200\nP2_a,\n"
        columns = {"reading_id": "id", "audio_start": late}
        sessions.tables["readings"] = {"file": "r.csv", "columns": columns}
    sessions.ingest()
    assert gaze(sessions)["P1_a"] == [(0.1, 2), (1.1, 3)]
    assert gaze(sessions)["P2_a"] == [(0.5, 1), (1.0, 2)]


def test_words_of_a_session_are_on_its_clock(sessions):
    sessions.files["words.csv"] = "who,word,from,to\nP1,Clear.,1.7,2\nP1,Big.,3.6,4\n"
    sessions.tables["words"] = {
        "file": "words.csv",
        "columns": {"session": "who", "text": "word", "onset_s": "from", "offset_s": "to"},
    }
    sessions.ingest()
    assert sessions.column("words", "onset_s", "P1_a") == pytest.approx([0.5])
    assert sessions.column("words", "text", "P1_b") == ["Big."]


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        pytest.param("P1,1,2,a\nP1,3,4,a\n", "row 3: reading P1_a is another trial", id="twice"),
        pytest.param("P1,1,3,a\nP1,2,4,b\n", "row 3: this trial starts before that", id="overlap"),
        pytest.param("P7,1,2,a\n", "its sessions are P1, P2, and those of the tr", id="other"),
    ],
)
def test_trials_that_cannot_be(sessions, trials, message):
    sessions.files["trials.csv"] = f"rec,from,to,image\n{trials}"
    result = sessions.run()
    assert result.exit_code == 2
    assert message in result.output


def test_a_message_that_never_comes_is_named(messages):
    messages.tables["trials"]["start"] = "TRIAL {number} {image}"
    result = messages.run()
    assert result.exit_code == 2
    assert "no message is 'TRIAL {number} {image}'" in result.output
    assert "'TRIAL_RESULT 0'" in result.output


def test_sync_finds_a_message_that_comes_late(sessions):
    """The readers look at a lung from 1.5 s before they name it; the message is 2 s late."""
    lungs = {"right lung": (0, 0, 40, 80), "left lung": (60, 0, 100, 80)}
    looks, words, boxes, trials, sent = [], [], [], [], []
    for n in range(5):
        trials.append(f"R{n},{100 * n},{100 * n + 90}")
        sent.append(f"{100 * n + 2},AUDIO_ON")
        boxes += [f"R{n},{name},{','.join(map(str, box))}" for name, box in lungs.items()]
        for number in range(20):
            name = [*lungs][(7 * number + 3 * n * n) % 5 % 2]
            start_s = 2.2 * number + n * (number % 3) / 10
            looks.append(f"{100 * n + start_s},1.9,{lungs[name][0] + 16 + number % 9},40")
            words.append(f"R{n},The {name} is clear.,{start_s + 1.5},{start_s + 2.3}")
    sessions.files = {
        "looks.csv": "\n".join(["start,length,x,y", *looks, ""]),
        "words.csv": "\n".join(["id,word,start,end", *words, ""]),
        "boxes.csv": "\n".join(["id,name,x0,y0,x1,y1", *boxes, ""]),
        "trials.csv": "\n".join(["id,start,end", *trials, ""]),
        "sent.csv": "\n".join(["time,text", *sent, ""]),
        "readings.csv": "\n".join(["id,w,h", *(f"R{n},100,80" for n in range(5)), ""]),
    }
    columns = {
        "readings": {"width_px": "w", "height_px": "h", "reading_id": "id"},
        "looks": {"onset_s": "start", "duration_s": "length", "x_px": "x", "y_px": "y"},
        "words": {"reading_id": "id", "text": "word", "onset_s": "start", "offset_s": "end"},
        "boxes": {"reading_id": "id", "region": "name", "xmin_px": "x0", "ymin_px": "y0"},
        "trials": {"reading_id": "id", "start": "start", "end": "end"},
        "sent": {"time_s": "time", "message": "text"},
    }
    columns["boxes"] |= {"xmax_px": "x1", "ymax_px": "y1"}
    columns["trials"]["audio_start"] = {"message": "AUDIO_ON"}
    names = {"looks": "fixations", "boxes": "regions", "sent": "messages"}
    sessions.manifest["tables"] = {
        names.get(name, name): {"file": f"{name}.csv", "columns": mapped}
        for name, mapped in columns.items()
    }
    sessions.manifest["resolution"] = {"px_per_deg": 3}
    sessions.ingest()
    output = invoke("sync", sessions.folder / "out", "--json").output
    lead = json.loads(output)["lead"]
    assert lead["value_s"] == pytest.approx(2 + 0.55, abs=0.3)


def test_the_path_of_a_trial_may_name_it(sessions):
    del sessions.files["trials.csv"]
    sessions.files |= {"cut/P1/scan.csv": "from,to\n1.2,3\n", "cut/P2/x.csv": "from,to\n0.5,2\n"}
    trials = sessions.tables["trials"]
    trials["file"] = "cut/{session}/{reading_id}.csv"
    del trials["columns"]["session"], trials["columns"]["reading_id"]
    assert {*gaze(sessions.ingest())} == {"scan", "x"}
