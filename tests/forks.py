"""Forks commands of DVC and of `gazescribe` from one process that has imported them once.

To start and to import takes a command seconds, and what most of them do in tests a tenth of one.
DVC starts the commands of its stages by a client of the name `gazescribe`.
"""

import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
import warnings
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

CLIENT = """\
#!{python} -ISs
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
server.sendall(json.dumps(["gazescribe", os.getcwd(), sys.argv[1:], {{}}]).encode() + b"\\n")
sys.exit(int(server.recv(16) or b"1"))
"""


class Server:
    """Forks commands from one process that has imported what they need.

    `folder` takes its socket, the client, and the log of all that the commands print.
    """

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "socket")
        self.log = folder / "log"
        self.modules = folder / "modules"
        client = folder / "gazescribe"
        client.write_text(CLIENT.format(python=sys.executable, address=self.address))
        client.chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that threads are not copied, which no command needs
            self.pid = os.fork()
        if not self.pid:
            try:
                self._serve()
            finally:
                os._exit(1)
        while not Path(self.address).exists():
            time.sleep(0.05)

    def start(self, folder: Path, *words: str, **options: Any) -> socket.socket:
        """Start a command of DVC; `environment` in the options has variables for it."""
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.address)
        client.sendall(json.dumps(["dvc", str(folder), words, options]).encode() + b"\n")
        return client

    def run(self, folder: Path, *words: str, **options: Any) -> str:
        """Run a command of DVC, which must succeed; give what it and its stages printed."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.start(folder, *words, **options) as client:
            code = int(client.recv(16) or b"1")
        printed = self.log.read_bytes()[begin:].decode("utf-8", "replace")
        assert code == 0, printed
        return printed

    @property
    def n_commands(self) -> int:
        """Number of commands that were begun so far, those of DVC aside."""
        return (
            self.log.read_text("utf-8", "replace").count("\n$ gazescribe")
            if self.log.exists()
            else 0
        )

    def close(self) -> None:
        """End it, and all that it started."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _serve(self) -> None:
        self._print_to(self.log)  # before DVC is imported, which keeps the stream that it finds
        warnings.simplefilter("ignore")
        gc.disable()  # it takes a third of the time of imports
        import dvc.cli
        import dvc.commands.repro
        import dvc.repo.reproduce  # noqa: F401  imported for all children

        import gazescribe.models.cooperative.evaluation
        import gazescribe.models.cooperative.training
        import gazescribe.models.mil.evaluation
        import gazescribe.models.mil.training  # noqa: F401  likewise

        _parse_yaml_once()
        gc.collect()
        gc.enable()
        gc.freeze()  # a collection in a child touches, and so copies, all that it looks through
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.address + ".new")
        listener.listen()
        Path(self.address + ".new").rename(self.address)
        children: dict[socket.socket, int] = {}
        limit = {}
        while True:
            ready, _, _ = select.select([listener, *children], [], [], 0.02)
            for connection in ready:
                if connection is listener:
                    client, _ = listener.accept()
                    kind, folder, words, options = json.loads(client.makefile().readline())
                    if kind == "dvc":
                        limit = options
                    children[client] = self._fork(kind, folder, words, limit, listener, children)
                else:  # whoever asked was killed, or wants the command killed
                    pid = children.pop(connection)
                    with suppress(ProcessLookupError):
                        os.killpg(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    connection.close()
            for connection, pid in list(children.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    self._import_what_was_new()
                    with suppress(OSError):
                        connection.sendall(str(os.waitstatus_to_exitcode(status) & 255).encode())
                    connection.close()
                    del children[connection]

    def _import_what_was_new(self) -> None:
        """Import what commands have imported, so that the next ones need not."""
        with suppress(FileNotFoundError):
            names = self.modules.read_text().split()
            self.modules.unlink()
            for name in names:
                with suppress(Exception):
                    importlib.import_module(name)
            gc.freeze()

    def _fork(self, kind: str, folder: str, words: Any, limit: Any, *sockets: Any) -> int:
        pid = os.fork()
        if pid:
            with suppress(OSError):
                os.setpgid(pid, pid)
            return pid
        code, imported = 1, set(sys.modules)
        try:
            with suppress(OSError):
                os.setpgid(0, 0)
            sockets[0].close()
            for connection in sockets[1]:
                connection.close()
            code = self._run(kind, folder, words, limit)
            with self.modules.open("a") as file:
                file.writelines(f"{name}\n" for name in sys.modules if name not in imported)
        except Exception:  # noqa: BLE001  a bug of any kind, which nothing else would say
            traceback.print_exc()
        finally:
            os._exit(code)

    def _run(self, kind: str, folder: str, words: Any, limit: Any) -> int:
        self._print_to(self.log)
        os.chdir(folder)
        os.environ["PATH"] = f"{Path(self.address).parent}{os.pathsep}{os.environ['PATH']}"
        print(f"\n$ {kind} {' '.join(words)}", flush=True)
        if kind == "dvc":
            os.environ.update(limit.get("environment", {}))
            from dvc.cli import main

            return int(main(list(words)))
        from gazescribe.pipeline.commands.cli import main as gazescribe

        if limit.get("file_size") and words[0] in ("train", "evaluate"):
            self._print_to(self.log.with_name("log of the full disk"))  # the log has grown
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit["file_size"], resource.RLIM_INFINITY))
        try:
            gazescribe(list(words), standalone_mode=True)
        except SystemExit as end:
            sys.stdout.flush()
            return int(end.code or 0)
        return 0

    @staticmethod
    def _print_to(path: Path) -> None:
        mode = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if path.name == "log" else os.O_TRUNC)
        descriptor = os.open(path, mode)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        # Not those of pytest, which are files of its own.
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  open to the end
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115  likewise


def _parse_yaml_once() -> None:
    """Let DVC parse a YAML text once, and write its lock as JSON, which is YAML, too.

    It does both for each stage, which is half of what it does.
    """
    from dvc.utils import serialize, strictyaml
    from dvc.utils.serialize import _yaml
    from ruamel.yaml.comments import CommentedMap

    parse: Any = _yaml.parse_yaml
    dump: Any = _yaml._dump
    parsed: dict[str, Any] = {}

    def parse_once(text: str, path: Any, typ: str = "safe") -> Any:
        # The slow type keeps comments, of which DVC writes none to its lock.
        if typ != "safe" and not str(path).endswith("dvc.lock"):
            return parse(text, path, typ)
        if text not in parsed:
            parsed[text] = parse(text, path)
        return deepcopy(parsed[text])

    def dump_fast(data: Any, stream: Any) -> None:
        if isinstance(data, CommentedMap):
            dump(data, stream)
        else:
            json.dump(data, stream)

    _yaml._dump = dump_fast
    for module in (_yaml, serialize, strictyaml):
        module.parse_yaml = parse_once
