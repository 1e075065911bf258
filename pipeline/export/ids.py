"""Replace ids by keyed hashes.

The same id gives the same hash in every table of every export made with the same key; nobody
without the key can compute it.
"""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import check_file

ID_COLUMNS = {
    "reading_id": "reading",
    "dicom_id": "dicom",
    "study_id": "study",
    "subject_id": "subject",
}
HASH_LENGTH = 32  # hexadecimal digits: 128 bits, far from any collision
HEADER = "gazescribe key 1"
"""First line of a key file: any other file, which others may have too, is no key."""
_KEY_FILE = re.compile(rf"{HEADER}\n([0-9a-f]{{32,1000}})\n?")  # 128 bits or more, in hexadecimal
_MIN_DIGITS = 8  # different ones; 64 drawn by chance have fewer in none of 10^20 keys
_REMEDY = "Make one: gazescribe export --new-key FILE"


def write_key(path: Path) -> None:
    """Make a key of 256 random bits in a new file that its owner alone can read.

    Raises
    ------
    GazeError
        If there is a file already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        message = "this is there already, and ids hashed with a key that is lost match none."
        raise GazeError(message, where=path, remedy="Name another file.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{HEADER}\n{secrets.token_hex(32)}\n")


def read_key(path: Path) -> bytes:
    """Read the key of the hashes from what `write_key` made.

    Raises
    ------
    GazeError
        If the file is absent, or anything else.
    """
    check_file(path, GazeError, _REMEDY)
    with path.open("rb") as file:
        text = file.read(2000).decode("ascii", errors="replace").replace("\r\n", "\n")
    key = _KEY_FILE.fullmatch(text)
    if key is None:
        message = f"this is no key: {HEADER!r} is expected in its first line, and a random number"
        message += " of 32 or more hexadecimal digits, a to f small, in its second."
        raise GazeError(message, where=path, remedy=_REMEDY)
    if len(set(key[1])) < _MIN_DIGITS:
        raise GazeError("this key can be guessed.", where=path, remedy=_REMEDY)
    return key[1].encode()


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
