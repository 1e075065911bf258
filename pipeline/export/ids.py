"""Replace ids by keyed hashes.

The same id gives the same hash in every table of every export made with the same key; nobody
without the key can compute it.
"""

import hashlib
import hmac
from pathlib import Path

import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError

ID_COLUMNS = {
    "reading_id": "reading",
    "dicom_id": "dicom",
    "study_id": "study",
    "subject_id": "subject",
}
HASH_LENGTH = 32  # hexadecimal digits: 128 bits, far from any collision
MIN_KEY_BYTES = 16


def read_key(path: Path) -> bytes:
    """Read the key of the hashes; white space around it does not count.

    Raises
    ------
    GazeError
        If the file is absent or its key is too short to be secret.
    """
    if not path.is_file():
        raise GazeError("there is no such key file.", where=path)
    key = path.read_bytes().strip()
    if len(key) < MIN_KEY_BYTES:
        message = f"the key has {len(key)} bytes; at least {MIN_KEY_BYTES} are needed."
        raise GazeError(message, where=path, remedy="Make one: openssl rand -hex 32 > key.txt")
    return key


def hash_id(kind: str, value: object, key: bytes) -> str:
    """Replace one id: HMAC-SHA256 of `kind:value`, its first 128 bits in hexadecimal."""
    message = f"{kind}:{value}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:HASH_LENGTH]


def hash_ids(table: pa.Table, key: bytes) -> pa.Table:
    """Replace the id columns of a table; numbers become strings, null stays null."""
    for name, kind in ID_COLUMNS.items():
        if name not in table.column_names:
            continue
        position = table.schema.get_field_index(name)
        field = table.schema.field(name)
        words = dict(field.metadata or {})
        words[b"description"] = words.get(b"description", b"") + b"; keyed hash of it"
        # Each different id is hashed once, however many rows it has.
        encoded = table[name].combine_chunks().dictionary_encode()
        hashed = [hash_id(kind, value, key) for value in encoded.dictionary.to_pylist()]
        replaced = pa.DictionaryArray.from_arrays(encoded.indices, pa.array(hashed, pa.string()))
        table = table.set_column(
            position,
            pa.field(name, pa.string(), nullable=field.nullable, metadata=words),
            replaced.cast(pa.string()),
        )
    return table
