"""Section `associate` of `params.yaml`."""

from typing import Any, Literal

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.windows.windows import EndRule, StartRule


class Associate(Strict):
    """Section `associate`: which gaze belongs to which mention."""

    method: Literal["window", "learned"]
    unit: Literal["sentence", "mention"]
    start: StartRule
    lag_s: float = Field(ge=0)
    end: EndRule
    mention_time: Literal["start", "end"]
    trailing_text: Literal["sentence", "drop"]
    uncertain_opens: bool
    sigma_deg: float = Field(gt=0)

    def recorded(self) -> dict[str, Any]:
        """Give what windows and their summary say they were made with.

        Of method window as ever, without its name: the same windows are the same bytes.
        """
        return self.model_dump(exclude={"method"} if self.method == "window" else None)
