"""The rule-based labeler of chest-radiograph reports; its knowledge lies in `rules/`.

``Labeler.from_rules(folder).label(texts)`` gives the mentions of each text. It is plain Python,
which a build may compile (`hatch_build.py`): only `spacy_component`, which puts the labeler into
pipelines of spaCy, loads spaCy.
"""

from gazescribe.pipeline.dictation.labeler import scope
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.mentions import Mention
from gazescribe.pipeline.dictation.labeler.settings import Conventions

__all__ = ["IS_COMPILED", "Conventions", "Labeler", "Mention"]

IS_COMPILED = not str(scope.__file__).endswith(".py")
"""Whether what reads sentences was compiled when the package was built."""
