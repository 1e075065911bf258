"""Addresses of object stores, `s3://bucket/folder`, where commands take paths.

What a command reads is brought to this machine before it runs, what it writes is sent when it has
ended well, and then it says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES
from gazescribe.pipeline.core.remote import Store, is_address, with_addresses
from gazescribe.pipeline.core.sending import make_room, send
from gazescribe.pipeline.core.travelling import Copy, using
from gazescribe.pipeline.core.values import OF_MIMIC

OUT = "out"
"""What a command writes; all other addresses are what it reads."""


class Address(str):
    """An address on the command line, until the command runs."""

    __slots__ = ()


class StorePath(click.Path):
    """A path, or an address in a store.

    Parameters
    ----------
    content : {'all', 'tables', 'pictures'}
        What there may be too much of to be brought: the radiographs of a data set of ours, for
        which tables are enough, or all of a folder of radiographs, of which tasks fetch theirs.
    """

    def __init__(self, *, content: str = "all", **kwargs: Any) -> None:
        super().__init__(path_type=Path, **kwargs)
        self.content = content

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | Address:
        """Take an address as it is, and a path as click does."""
        if isinstance(value, str) and is_address(value):
            return Address(value)
        return Path(str(super().convert(value, param, ctx)))


@contextmanager
def brought(ctx: click.Context, *, takes_addresses: bool) -> Iterator[None]:
    """Replace the addresses among a command's values by paths of copies; send its out at the end.

    Raises
    ------
    GazeError
        If the command takes none, or a store does not give or take what it should.
    """
    if not any(_addresses(value) for value in ctx.params.values()):
        yield
        return
    if not takes_addresses:
        message = f"`{ctx.info_name}` takes no addresses of stores, only paths."
        remedy = "Copy the folder to this machine with the store's own tools."
        raise GazeError(message, remedy=remedy)
    out: Store | None = None
    copies: list[Copy] = []
    for parameter in ctx.command.params:
        name = parameter.name or ""
        value = ctx.params.get(name)
        if name == OUT and isinstance(value, Address):
            out = Store(value)
            make_room(out)
            ctx.params[name] = out.local
        elif _addresses(value):
            ctx.params[name] = _bring(value, parameter.type, ctx, copies)
    printed = StringIO()
    with using(copies, out.local if out else None), redirect_stdout(printed):
        yield
    if out is not None:
        send(out)
    click.echo(with_addresses(printed.getvalue()), nl=False)


def _addresses(value: object) -> list[Address]:
    if isinstance(value, tuple):
        return [address for part in value for address in _addresses(part)]
    return [value] if isinstance(value, Address) else []


def _bring(value: Any, kind: "click.ParamType[Any]", ctx: click.Context, copies: list[Copy]) -> Any:
    """Bring what a value names; give the value with paths for addresses."""
    if isinstance(value, tuple):
        kinds = kind.types if isinstance(kind, click.Tuple) else [kind] * len(value)
        return tuple(_bring(part, of, ctx, copies) for part, of in zip(value, kinds, strict=True))
    if not isinstance(value, Address):
        return value
    store = Store(value)
    content = kind.content if isinstance(kind, StorePath) else "all"
    if content == "pictures":
        store.local.mkdir(parents=True, exist_ok=True)
        copies.append(Copy(store, None))
        return store.local
    only_tables = content == "tables" and ctx.params.get("dataset") in OF_MIMIC
    leave_out = RADIOGRAPH_SUFFIXES if only_tables else ()
    copies.append(Copy(store, store.bring(leave_out), leave_out))
    return store.local
