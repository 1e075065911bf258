"""Raw trees that were damaged at random: every command says what is wrong, and none fails."""

import csv
import gzip
import io
import os
import random
import shutil

import pytest

from tests.running import gazescribe, invoke

DATASETS = ("reflacx", "egd", "mimic-cxr-jpg")
SEEDS = range(12)
CELLS = ("", "nan", "inf", "-1", "x", "1e308", "9" * 30, "é", "\0", "../x", "1" * 5000, '"', "1,5")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Give the demo's trees, without images."""
    folder = tmp_path_factory.mktemp("demo")
    gazescribe("demo", folder, "--readings", 11, "--images", "none", "--workers", 1)
    return folder


def content_of(path):
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def write(path, content):
    path.unlink()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def rows_of(path):
    return list(csv.reader(io.StringIO(content_of(path).decode(), newline="")))


def write_rows(path, rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    write(path, text.getvalue().encode())


def delete(path, _draw):
    path.unlink()


def truncate(path, draw):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: draw.randrange(len(content) + 1)])


def change_encoding(path, draw):
    write(path, content_of(path).decode().encode(draw.choice(("utf-16", "utf-32", "cp037"))))


def add_bytes(path, draw):
    content = content_of(path)
    place = draw.randrange(len(content) + 1)
    write(path, content[:place] + draw.choice((b"\xe9", b"\0", b'"', b"\n\n")) + content[place:])


def shuffle_columns(path, draw):
    rows = rows_of(path)
    order = list(range(len(rows[0])))
    draw.shuffle(order)
    write_rows(path, [[row[place] for place in order] for row in rows])


def repeat_column(path, draw):
    rows = rows_of(path)
    place = draw.randrange(len(rows[0]))
    write_rows(path, [[*row, row[place]] for row in rows])


def drop_column(path, draw):
    rows = rows_of(path)
    place = draw.randrange(len(rows[0]))
    write_rows(path, [row[:place] + row[place + 1 :] for row in rows])


def repeat_row(path, draw):
    rows = rows_of(path)
    write_rows(path, [*rows, draw.choice(rows)])


def drop_row(path, draw):
    rows = rows_of(path)
    rows.pop(draw.randrange(len(rows)))
    write_rows(path, rows)


def change_cell(path, draw):
    rows = rows_of(path)
    row = draw.choice(rows)
    row[draw.randrange(len(row))] = draw.choice(CELLS)
    write_rows(path, rows)


def swap(path, draw):
    other = draw.choice([inner for inner in sorted(path.parent.iterdir()) if inner.is_file()])
    content, other_content = path.read_bytes(), other.read_bytes()
    path.write_bytes(other_content)
    other.write_bytes(content)


def make_loop(path, _draw):
    path.unlink()
    path.symlink_to(path.name)


def link_back(path, _draw):
    (path.parent / "back").symlink_to(path.parent.parent)


def make_pipe(path, _draw):
    path.unlink()
    os.mkfifo(path)


def make_folder(path, _draw):
    path.unlink()
    path.mkdir()


def change_case(path, _draw):
    path.rename(path.with_name(path.name.upper()))


def pretend_gzip(path, _draw):
    path.rename(path.with_name(f"{path.name}.gz"))


def odd_name(path, _draw):
    (path.parent / os.fsdecode(b"\xff\n.csv")).touch()


ANY = (delete, truncate, change_encoding, add_bytes, swap, make_loop, link_back, make_pipe)
ANY = (*ANY, make_folder, change_case, pretend_gzip, odd_name)
TABLES = (shuffle_columns, repeat_column, drop_column, repeat_row, drop_row, change_cell)


def damage(root, draw):
    """Damage one to three files; give what was done, for the message of a failure."""
    done = []
    for _ in range(draw.randint(1, 3)):
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        path = draw.choice(paths)
        is_table = path.name.endswith((".csv", ".csv.gz"))
        change = draw.choice(ANY + TABLES if is_table else ANY)
        done.append(f"{change.__name__} {path.relative_to(root)}")
        try:
            change(path, draw)
        except (UnicodeDecodeError, ValueError, IndexError, EOFError, OSError, csv.Error) as error:
            done.append(f"not possible: {error}")  # an earlier damage is in the way
    return done


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_damaged_trees_are_told(whole, tmp_path, dataset, seed):
    root = tmp_path / dataset
    shutil.copytree(whole / dataset, root)
    done = damage(root, random.Random(f"{dataset}{seed}"))  # noqa: S311  a draw, no secret
    commands = (["verify", dataset, root, "--samples"], ["ingest", dataset, root, tmp_path / "out"])
    for arguments in commands:
        result = invoke(*arguments, "--workers", 1)
        assert result.exit_code in (0, 2), (done, result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), done
        assert len(result.output) > 20, done
