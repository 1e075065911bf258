import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.ingest import run
from gazescribe.pipeline.ingest.chunks import cut
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.unit.pipeline.ingest.reflacx.ingested import MANIFEST, ONE, SETTINGS

READINGS_A_CHUNK = 16


@pytest.mark.usefixtures("two_workers")
def test_bytes_do_not_depend_on_workers_or_on_a_second_run(reflacx_tree, tmp_path, monkeypatch):
    """Of three chunks; whole ones are of so many readings that it would take seconds."""
    monkeypatch.setattr(run, "cut", lambda tasks, size=READINGS_A_CHUNK: cut(tasks, size))
    for number in range(2 * READINGS_A_CHUNK + 1):
        reflacx_tree.add(f"P300R{number:06d}", 99000000 + number)
    root = reflacx_tree.finish()
    options = [ONE, IngestOptions(workers=2), ONE]
    for number, option in enumerate(options):
        ingest_tree(root, tmp_path / str(number), MANIFEST, SETTINGS, option)
    names = sorted(entries(tmp_path / "0"))
    assert len(names) == 9
    for name in names:
        whole = {(tmp_path / str(number) / name).read_bytes() for number in range(len(options))}
        assert len(whole) == 1, name
    assert pq.ParquetFile(tmp_path / "0" / "fixations.parquet").num_row_groups == 3
