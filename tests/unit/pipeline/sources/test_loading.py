import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.loading import (
    complete_dataset,
    known_manifests,
    load_manifest,
    load_readable,
)


def test_the_shipped_manifests_are_known():
    assert {"reflacx", "egd", "mimic-cxr-jpg", "demo"} <= set(known_manifests())


def test_a_shell_completes_data_sets_that_have_a_tree():
    assert complete_dataset(None, None, "eg") == ["egd"]
    assert complete_dataset(None, None, "d") == []


def test_the_demo_is_no_tree_of_its_own():
    assert load_manifest("demo").name == "demo"
    with pytest.raises(ManifestError, match="demo is no tree of its own"):
        load_readable("demo")


def test_an_unknown_name_is_told_its_nearest():
    with pytest.raises(ManifestError, match="no manifest 'reflax'; the nearest is reflacx"):
        load_manifest("reflax")
