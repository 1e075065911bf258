"""What was made from the same is not made again."""

import os

import pytest

from gazescribe.pipeline.core.stage_notes import StageNotes, stamps


@pytest.fixture
def made(tmp_path):
    """Run a stage that writes one file; give what was counted, and the names of stages run."""
    ran = []

    def run(name="draw", inputs=None, notes=tmp_path / ".notes.json"):
        out = tmp_path / name

        def stage():
            ran.append(name)
            out.mkdir(exist_ok=True)
            (out / "map.npy").write_text("map")
            return {"n_maps": len(ran)}

        return StageNotes(notes).run(name, out, inputs or {"size": 4}, stage)

    return run, ran


def test_done_once(made, tmp_path):
    run, ran = made
    assert [run(), run()] == [{"n_maps": 1}, {"n_maps": 1}]
    assert ran == ["draw"]
    assert StageNotes(tmp_path / ".notes.json").is_done("draw", tmp_path / "draw", {"size": 4})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda out: (out / "map.npy").write_text("other"), id="content"),
        pytest.param(lambda out: os.utime(out / "map.npy", ns=(0, 0)), id="time"),
        pytest.param(lambda out: (out / "map.npy").unlink(), id="gone"),
        pytest.param(lambda out: (out / "more.npy").write_text(""), id="more"),
        pytest.param(lambda out: (out.parent / ".notes.json").write_text("{"), id="no notes"),
        pytest.param(lambda out: (out.parent / ".notes.json").write_text('{"draw": 1}'), id="odd"),
    ],
)
def test_done_again_where_the_out_is_another(made, tmp_path, change):
    run, ran = made
    run()
    change(tmp_path / "draw")
    run()
    assert ran == ["draw", "draw"]


def test_done_again_from_other_inputs(made):
    run, ran = made
    run()
    run(inputs={"size": 8})
    assert ran == ["draw", "draw"]


def test_what_other_stages_left_goes_unless_it_was_changed(made, tmp_path):
    run, _ = made
    for name in ("draw", "label", "write"):
        run(name)
    (tmp_path / "write" / "map.npy").write_text("edited by hand")
    StageNotes(tmp_path / ".notes.json").forget_others(["draw"])
    assert {path.name for path in tmp_path.glob("[!.]*")} == {"draw", "write"}
    assert not StageNotes(tmp_path / ".notes.json").is_done("write", tmp_path / "write", {})


def test_stamps_are_of_a_file_or_of_all_in_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("12345")
    assert [*stamps(tmp_path)] == ["in/a"]
    assert stamps(tmp_path)["in/a"][0] == 5
    assert [*stamps(tmp_path / "in" / "a")] == ["."]
    assert stamps(tmp_path / "absent") == {}
