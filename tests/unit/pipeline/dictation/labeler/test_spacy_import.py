"""spaCy is imported without torch (test_baseline.py), which stays importable."""

import subprocess
import sys

LOADED_BEFORE = """
import sys, types
sys.modules["torch"] = torch = types.ModuleType("torch")
torch.Tensor = type("Tensor", (), {})
import gazescribe.pipeline.dictation.labeler.spacy_import
assert sys.modules["torch"] is torch, "torch was hidden though it was there"
"""


def test_torch_that_is_there_stays():
    subprocess.run([sys.executable, "-c", LOADED_BEFORE], check=True)
