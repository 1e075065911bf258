"""What is looked for, as sentences are read by it."""

from dataclasses import dataclass, field

from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon


@dataclass(frozen=True)
class Target:
    """A concept of the rules, compiled."""

    id: str
    labels: list[str]
    kind: str = "finding"
    certain: bool = True
    generic: bool = False
    shares: list[str] = field(default_factory=list)
    ignores: list[str] = field(default_factory=list)
    spellings: frozenset[str] = frozenset()  # where case counts, the only ones that do
    near: Lexicon[bool] | None = None  # of which something must stand in the sentence
