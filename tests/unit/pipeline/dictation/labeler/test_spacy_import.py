"""spaCy is imported without torch, which stays importable."""

import subprocess
import sys

HIDDEN = """
import sys
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy
assert "torch" not in sys.modules, "spaCy loaded torch"
assert spacy.blank("en")("No edema.")[1].text == "edema"
"""
LOADED_BEFORE = """
import sys, types
sys.modules["torch"] = torch = types.ModuleType("torch")
torch.Tensor = type("Tensor", (), {})
import gazescribe.pipeline.dictation.labeler.spacy_import
assert sys.modules["torch"] is torch, "torch was hidden though it was there"
"""


def test_torch_is_not_loaded():
    subprocess.run([sys.executable, "-c", HIDDEN], check=True)


def test_torch_that_is_there_stays():
    subprocess.run([sys.executable, "-c", LOADED_BEFORE], check=True)
