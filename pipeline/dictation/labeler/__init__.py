"""The rule-based labeler of chest-radiograph reports; its knowledge lies in `rules/`.

``Labeler.from_rules(folder).label(texts)`` gives the mentions of each text. It is plain Python:
only `spacy_component`, which puts the labeler into pipelines of spaCy, loads spaCy.
"""

from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.mentions import Mention
from gazescribe.pipeline.dictation.labeler.settings import Conventions

__all__ = ["Conventions", "Labeler", "Mention"]
