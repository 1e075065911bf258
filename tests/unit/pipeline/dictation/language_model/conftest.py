"""A stand-in for a server of language models: it answers on this machine, by a function."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class StandIn:
    """Answers questions as it is told; remembers them."""

    def __init__(self):
        self.questions, self.keys, self.statuses = [], [], []
        self.models = ["stand-in"]
        self.reply = lambda question: json.dumps({"mentions": []})
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._send(200, {"data": [{"id": name} for name in stand_in.models]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.questions.append((self.path, body))
                stand_in.keys.append(self.headers.get("Authorization"))
                status = stand_in.statuses.pop(0) if stand_in.statuses else 200
                content = stand_in.reply(body)
                self._send(status, {"choices": [{"message": {"content": content}}]})

            def _send(self, status, content):
                sent = json.dumps(content).encode()
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", "http://192.0.2.1/v1/chat/completions")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.name = f"openai-compatible:http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(
        "gazescribe.pipeline.dictation.language_model.server.WAITS_S", (0.0, 0.0, 0.0)
    )
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")  # asked by none
    running = StandIn()
    yield running
    running.server.shutdown()
    running.server.server_close()
