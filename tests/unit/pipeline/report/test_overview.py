import pytest

from gazescribe.pipeline.report.counts import Metrics
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.overview import commit_of, facts

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def write_git(folder, head, **files):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "HEAD").write_text(f"{head}\n")
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("head", "files", "commit"),
    [
        pytest.param(COMMIT, {}, COMMIT, id="detached"),
        pytest.param("ref: refs/heads/a", {"refs__heads__a": f"{COMMIT}\n"}, COMMIT, id="branch"),
        pytest.param(
            "ref: refs/heads/a",
            {"packed_refs": f"# pack-refs\n{COMMIT} refs/heads/a\n"},
            COMMIT,
            id="packed",
        ),
        pytest.param("ref: refs/heads/a", {"packed_refs": "# pack-refs\n"}, None, id="no commit"),
        pytest.param("ref: refs/heads/a", {}, None, id="nothing"),
        pytest.param("what?", {}, None, id="no head"),
    ],
)
def test_the_commit_of_a_project(tmp_path, head, files, commit):
    write_git(tmp_path / ".git", head, **files)
    assert commit_of(tmp_path) == commit


def test_the_commit_of_a_second_work_tree(tmp_path):
    inner = tmp_path / "main/.git/worktrees/b"
    write_git(inner, "ref: refs/heads/b", commondir="../..\n")
    write_git(tmp_path / "main/.git", "ref: refs/heads/a", refs__heads__b=COMMIT)
    (tmp_path / ".git").write_text(f"gitdir: {inner}\n")
    assert commit_of(tmp_path) == COMMIT


def test_a_folder_without_git_has_no_commit(tmp_path):
    assert commit_of(tmp_path) is None


@pytest.mark.parametrize("stage", ["", "report"], ids=["by hand", "as a stage of DVC"])
def test_facts_are_those_that_are_known(tmp_path, monkeypatch, stage):
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage:
        monkeypatch.setenv("DVC_STAGE", stage)
    write_git(tmp_path / ".git", COMMIT)
    (tmp_path / "params.yaml").write_text("profile: study\n")
    layout = RunLayout(schema_version=1, datasets={}, params="params.yaml")
    ingest = Metrics("ingest", "egd", {"version": "1.0.0", "split_source": "drawn, seed 5"})
    commit = [] if stage else [("Commit", COMMIT[:12])]
    assert facts(tmp_path, layout, [ingest], "gazescribe 1") == [
        ("Versions of the data", "egd 1.0.0"),
        ("Splits", "drawn, seed 5"),
        ("Profile", "study"),
        ("Program", "gazescribe 1"),
        *commit,
    ]
    bare = RunLayout(schema_version=1, datasets={})
    assert facts(tmp_path / "none", bare, [], "g") == [("Program", "g")]
