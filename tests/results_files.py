"""What `tabulate` writes says the same in each form."""

import csv
import json
import re

from tests.latex import check_document, rows_of

MEAN = re.compile(r"-?\d+\.\d{3}")


def check_results(out):
    """CSV equals JSON, LaTeX holds together and has its means, captions say what is seen."""
    content = json.loads((out / "tables.json").read_text())
    assert content["tables"]
    for table in content["tables"]:
        values, name = table["values"], table["name"]
        with (out / f"{name}.csv").open(newline="") as file:
            head, *rows = csv.reader(file)
        assert head == [column["name"] for column in values["columns"]]
        expected = [[_number(_text(cell)) for cell in row] for row in values["rows"]]
        assert [[_number(cell) for cell in row] for row in rows] == expected, name
        latex = (out / f"{name}.tex").read_text(encoding="utf-8")
        check_document(latex)
        if "Brackets" in latex:
            place = head.index("mean")
            means = {f"{row[place]:.3f}" for row in values["rows"] if row[place] is not None}
            printed = means_of(latex)
            assert printed
            assert printed <= means, name
    for name in ("figures", "results"):
        check_document((out / f"{name}.tex").read_text(encoding="utf-8"))
    captions = json.loads((out / "captions.json").read_text())
    assert content["figures"]
    assert captions.keys() == {figure["name"] for figure in content["figures"]}
    for figure in content["figures"]:
        assert captions[figure["name"]] == {key: figure[key] for key in ("title", "caption")}
        assert figure["caption"].endswith(".")
        assert [file.rpartition(".")[2] for file in figure["files"]] == ["png", "pdf", "svg"]
        assert all((out / file).stat().st_size for file in figure["files"])


def means_of(latex):
    """Give the means of a table of models side by side, as they are printed."""
    means = set()
    for name, *cells in rows_of(latex)[1:]:
        if "published" not in name:
            for cell in cells:
                bare = re.sub(r"\\(textbf|shortstack\[l\])|[{}]", "", cell)
                means |= {*MEAN.findall(bare.replace(r"\ensuremath-", "-"))[:1]}
    return means


def _text(cell):
    return "" if cell is None else str(cell)


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell
