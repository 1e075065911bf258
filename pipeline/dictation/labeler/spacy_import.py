"""The one place that imports spaCy, and negspacy with it.

Importing spaCy loads torch, wherever torch is installed, through thinc: many seconds and most of a
gigabyte in every process. Hiding torch during the import avoids it.
"""

import sys
import warnings
from typing import Any

_hidden = sys.modules.get("torch")
if _hidden is None:
    sys.modules["torch"] = None  # type: ignore[assignment]  # None makes an import fail
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import negspacy.negation
        import spacy as spacy_package
finally:
    if _hidden is None:
        del sys.modules["torch"]

negation: Any = negspacy.negation
spacy: Any = spacy_package

__all__ = ["negation", "spacy"]
