"""A server of language models that speaks as OpenAI's does: llama.cpp, vLLM, Ollama.

Reports go to it, so it must run on this machine, or on a host that the parameters name. No proxy is
asked and no redirection followed: a report reaches the host that was named or none. No message
repeats what a server says, which may hold the words of a report.
"""

import json
import os
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from gazescribe.pipeline.core.foreign import parse_json

PREFIX = "openai-compatible:"
KEY = "GAZESCRIBE_API_KEY"
HOSTS = "language_model.hosts_that_may_read_reports_under_your_data_use_agreement"
MAX_REPLY = 2**24  # bytes
BUSY = (429, 502, 503, 504)  # status of a server that may answer later
WAITS_S = (1.0, 4.0, 16.0)  # before it is asked again


@dataclass(frozen=True)
class Server:
    """Where a server is."""

    scheme: str
    host: str
    port: int | None
    path: str
    timeout_s: float

    @classmethod
    def named(cls, name: str, hosts: list[str], timeout_s: float) -> "Server":
        """Read a name such as ``openai-compatible:http://127.0.0.1:11434/v1``.

        Raises
        ------
        ParamsError
            If it is no such name, or its host is neither this machine nor one of `hosts`.
        """
        url = urlsplit(name.removeprefix(PREFIX))
        try:
            host, port = url.hostname, url.port
        except ValueError:
            host, port = None, None
        if not name.startswith(PREFIX) or url.scheme not in ("http", "https") or not host:
            example = f"{PREFIX}http://127.0.0.1:11434/v1"
            raise ParamsError(f"--with names a server as {example}, not {name!r}.")
        if not is_here(host) and host not in hosts:
            raise ParamsError(
                f"{host} is not this machine, and reports would leave it.",
                remedy=f"Run the model here; or, where your data use agreement lets {host} read"
                f" these reports, add it to {HOSTS} in params.yaml.",
            )
        return cls(url.scheme, host, port, url.path.rstrip("/"), timeout_s)

    def model(self, name: str | None) -> str:
        """Give the name of the model to ask: the one named, else the only one that is served."""
        if name is not None:
            return name
        listed = self._answer("GET", "/models").get("data")
        names = [str(entry.get("id")) for entry in listed or [] if isinstance(entry, dict)]
        if len(names) == 1:
            return names[0]
        served = ", ".join(sorted(names)) or "none that it names"
        raise ParamsError("say which model answers, by --model.", remedy=f"Served: {served}.")

    def chat(self, body: dict[str, Any]) -> str:
        """Ask once; give the text of the reply."""
        answer = self._answer("POST", "/chat/completions", body)
        try:
            content = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            content = None
        if not isinstance(content, str):
            raise GazeError("the server's answer has no text.", where=self)
        return content

    def _answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        why = ""
        for wait_s in (0.0, *WAITS_S):
            time.sleep(wait_s)
            try:
                status, content = self._send(method, path, body)
            except (OSError, HTTPException) as error:
                why = type(error).__name__
                continue
            if status == 200:
                return dict(parse_json(content, where=self, top=dict))
            why = f"status {status}"
            if status not in BUSY:
                break
        remedy = f"See the server's own log. A key, where it wants one, is read from {KEY}."
        raise GazeError(f"the server does not answer ({why}).", where=self, remedy=remedy)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, str]:
        kind = HTTPSConnection if self.scheme == "https" else HTTPConnection
        connection = kind(self.host, self.port, timeout=self.timeout_s)
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, self.path + path, sent, headers)
            response = connection.getresponse()
            content = response.read(MAX_REPLY + 1)
        finally:
            connection.close()
        if len(content) > MAX_REPLY:
            raise SchemaError(f"the answer has more than {MAX_REPLY:,} bytes.", where=self)
        return response.status, content.decode("utf-8", "replace")

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


def is_here(host: str) -> bool:
    """Tell whether a host is this machine, by its name or number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
