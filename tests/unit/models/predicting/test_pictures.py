from pathlib import Path

import pytest

from gazescribe.models.predicting.pictures import list_pictures
from gazescribe.pipeline.core.errors import GazeError, SchemaError


def touch(folder, *names, content=b""):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def names(pictures):
    return [(one.name, one.listed_path) for one in pictures]


def test_folder(tmp_path):
    touch(tmp_path, "b/x.PNG", "b.png", "a.jpeg", "a.dcm", ".hidden/h.png", "b/.h.png")
    touch(tmp_path, "notes.txt", "b/more.TXT", "README", "1.2.840", "b/out/overlays/a.png")
    touch(tmp_path, "1.2.843", "IM0001", content=bytes(128) + b"DICM")
    found, others = list_pictures([tmp_path], but=tmp_path / "b" / "out")
    assert names(found) == [
        ("1.2.843", "1.2.843"),
        ("IM0001", "IM0001"),
        ("a", "a.dcm"),
        ("a-2", "a.jpeg"),
        ("b_x", "b/x.PNG"),
        ("b", "b.png"),
    ]
    assert [one.path for one in found] == [tmp_path / one.listed_path for one in found]
    assert others == {"": 1, ".840": 1, ".txt": 2}


def test_files_in_the_order_given_and_none_takes_the_name_of_another(tmp_path):
    touch(tmp_path, "one/x.png", "two/x.png", "two/X.jpg", "two/x-2.png", "note.txt")
    given = ["two/x.png", "one/x.png", "two/X.jpg", "two/x-2.png", "note.txt"]
    found, _ = list_pictures([tmp_path / one for one in given])
    assert [one.name for one in found] == ["x", "x-2", "X-3", "x-2-2", "note.txt"]
    assert [one.path for one in found] == [tmp_path / one for one in given]


def test_csv(tmp_path):
    (tmp_path / "list.csv").write_text(
        "\ufeffreading,path\n1,a b/ü.png\n2,../../up.png\n3,/x/y.jpg\n"
    )
    found, _ = list_pictures([tmp_path / "list.csv"])
    assert names(found) == [("a_b_ü", "a b/ü.png"), ("up", "../../up.png"), ("y", "/x/y.jpg")]
    assert found[0].path == tmp_path / "a b" / "ü.png"
    assert found[2].path == Path("/x/y.jpg")


def test_results_do_not_tell_where_a_csv_s_pictures_lie(tmp_path):
    (tmp_path / "list.csv").write_text("path\nb/a.png\n/home/x/y.jpg\n")
    found, _ = list_pictures([tmp_path / "list.csv"])
    assert [picture.told_path for picture in found] == ["b/a.png", "y.jpg"]


def test_the_folder_of_the_pictures_is_no_place_for_predictions(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(GazeError, match=r"predictions would lie among the pictures\. Name another"):
        list_pictures([tmp_path], but=tmp_path / "x" / "..")


def test_csv_with_names(tmp_path):
    (tmp_path / "list.csv").write_text("name,path\nP300R1,a.png\nP300R2,a.png\n")
    touch(tmp_path, "P300R1.png")
    found, _ = list_pictures([tmp_path / "P300R1.png", tmp_path / "list.csv"])
    assert [one.name for one in found] == ["P300R1-2", "P300R1", "P300R2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"file\na.png\n", r"no column path \(found: file\)", id="no column"),
        pytest.param(b"", r"no column path \(found: nothing\)", id="empty"),
        pytest.param(b"path\n\xff\n", "line 2: not UTF-8", id="bytes"),
        pytest.param(b"path,n\n,1\n", r"line 2: path is ''", id="empty path"),
        pytest.param(b"path\na\0.png\n", r"line 2: path is 'a\\x00.png'", id="zero byte"),
        pytest.param(b"path,name\na.png,../a\n", r"line 2: name is '../a'", id="name goes up"),
        pytest.param(b"path,name\na.png,\n", "line 2: name is ''", id="no name"),
        pytest.param(b"path,name\na.png,x\nb.png,X\n", "name x occurs 2 times", id="twice"),
    ],
)
def test_csv_that_is_refused(tmp_path, content, message):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(SchemaError, match=message):
        list_pictures([tmp_path / "list.csv"])


def test_nothing_there(tmp_path):
    (tmp_path / "list.csv").write_text("path\n")
    with pytest.raises(GazeError, match=r"there is no picture here.*\.dcm"):
        list_pictures([tmp_path, tmp_path / "list.csv"])
