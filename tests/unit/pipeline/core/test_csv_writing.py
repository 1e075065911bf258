import csv
import io

import pandas as pd
import pyarrow as pa

from gazescribe.pipeline.core.csv_writing import write_csv

FORMULAS = ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "'", "'=1", "''"]
PLAIN = ["a=1", "", " ", "1-2", None]


def test_texts_are_no_formulas_and_come_back(tmp_path):
    texts = [*FORMULAS, *PLAIN]
    table = pa.table({"text": pa.array(texts, pa.string()), "x": [-1.5] * len(texts)})
    write_csv(table, tmp_path / "t.csv")
    content = (tmp_path / "t.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["text"] for row in rows] == [f"'{text}" for text in FORMULAS] + [
        text or "" for text in PLAIN
    ]
    assert {row["x"] for row in rows} == {"-1.5"}
    back = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)["text"]
    assert back.str.replace("^'", "", regex=True).tolist() == [text or "" for text in texts]
