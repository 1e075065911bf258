import pytest


@pytest.fixture
def rows_of():
    """Rows of a table as dictionaries, by a reader's function."""

    def rows(read, path, table):
        names, pieces = read(path, table)
        return [
            dict(zip(names, row, strict=True))
            for piece in pieces
            for row in zip(*(piece.columns[name] for name in names), strict=True)
        ]

    return rows
