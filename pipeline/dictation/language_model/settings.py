"""Section `language_model` of `params.yaml`."""

from pathlib import Path

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class LanguageModel(Strict):
    """Section `language_model`: `label --with` asks a server; `docs/language-model.md`."""

    hosts_that_may_read_reports_under_your_data_use_agreement: list[str]
    cache: Path
    parallel: int = Field(ge=1, le=256)
    timeout_s: float = Field(gt=0)
    seed: int = Field(ge=0)
