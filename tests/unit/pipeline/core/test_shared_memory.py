import shutil
from types import SimpleNamespace

from gazescribe.pipeline.core import shared_memory
from gazescribe.pipeline.core.shared_memory import free_shared_memory, in_words


def test_what_the_system_has(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_memory.sys, "platform", "linux")
    monkeypatch.setattr(shared_memory, "SHARED", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=64_000_000))
    assert free_shared_memory() == 64_000_000
    assert in_words(64_000_000) == f"{tmp_path} has 64.0 MB free"


def test_a_linux_without_it_has_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_memory.sys, "platform", "linux")
    monkeypatch.setattr(shared_memory, "SHARED", tmp_path / "absent")
    assert free_shared_memory() == 0


def test_other_systems_have_no_such_folder(monkeypatch):
    monkeypatch.setattr(shared_memory.sys, "platform", "darwin")
    assert free_shared_memory() is None
