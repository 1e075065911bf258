"""Where reports may go, and what a server's failures become."""

import pytest

from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.dictation.language_model.server import KEY, Server


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
def test_this_machine_may_read(host):
    assert Server.named(f"openai-compatible:http://{host}:8080/v1", [], 1.0).port == 8080


@pytest.mark.parametrize("host", ["api.example.org", "10.0.0.7", "localhost.example.org"])
def test_others_may_not_read_unless_the_parameters_say_so(host):
    name = f"openai-compatible:https://{host}/v1"
    with pytest.raises(ParamsError, match="is not this machine") as refused:
        Server.named(name, [], 1.0)
    assert "data_use_agreement" in str(refused.value)
    assert str(Server.named(name, [host], 1.0)) == f"https://{host}/v1"


OTHER_NAMES = """
http://127.0.0.1/v1
openai
openai-compatible:
openai-compatible:ftp://localhost
openai-compatible:file:///x
openai-compatible:http://localhost:port/v1
"""


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_other_names_are_refused(name):
    with pytest.raises(ParamsError, match="names a server as openai-compatible:http"):
        Server.named(name, [], 1.0)


def test_a_busy_server_is_asked_again(stand_in):
    stand_in.statuses = [503, 429]
    Server.named(stand_in.name, [], 5.0).chat({"messages": []})
    assert [path for path, _ in stand_in.questions] == 3 * ["/v1/chat/completions"]


@pytest.mark.parametrize("status", [307, 400, 401])
def test_a_refusal_or_a_redirection_ends_it(stand_in, status):
    stand_in.statuses = [status]
    with pytest.raises(GazeError, match=rf"does not answer \(status {status}"):
        Server.named(stand_in.name, [], 5.0).chat({})
    assert len(stand_in.questions) == 1


def test_a_key_comes_from_the_environment(stand_in, monkeypatch):
    monkeypatch.setenv(KEY, "secret")
    Server.named(stand_in.name, [], 5.0).chat({})
    assert stand_in.keys == ["Bearer secret"]


def test_an_answer_without_a_text(stand_in):
    stand_in.reply = lambda _: None
    with pytest.raises(GazeError, match="has no text"):
        Server.named(stand_in.name, [], 5.0).chat({})


def test_the_only_model_is_taken_and_several_are_listed(stand_in):
    server = Server.named(stand_in.name, [], 5.0)
    assert server.model(None) == "stand-in"
    assert server.model("mine") == "mine"
    stand_in.models = ["b", "a"]
    with pytest.raises(ParamsError, match="Served: a, b"):
        server.model(None)


def test_no_server(stand_in):
    stand_in.server.shutdown()
    stand_in.server.server_close()
    with pytest.raises(GazeError, match=r"does not answer \(ConnectionRefusedError"):
        Server.named(stand_in.name, [], 5.0).chat({})
