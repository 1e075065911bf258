"""Section `label` of the parameters: where radiologists and papers differ, and the side taken."""

from collections.abc import Mapping
from typing import Any, Literal

from gazescribe.pipeline.core.yaml_files import Strict


class Conventions(Strict):
    """Where radiologists and papers differ, and which side is taken."""

    # A generic opacity is atelectasis and consolidation (Lanfredi et al. 2023), or a class of its
    # own. It reaches the channel Opacity either way.
    opacity: Literal["paper", "literal"] = "paper"
    # Heart failure is edema, or an enlarged cardiac silhouette too.
    heart_failure: Literal["edema", "cardiac"] = "edema"
    # Whether "probable", "likely" or "concerning for" count as positive or as uncertain.
    hedge: Literal["physician", "negbio"] = "physician"
    # A heart, mediastinum or hilum that is only called stable: uncertain (CheXpert's annotators), a
    # finding, or none. None, for who says no more saw nothing abnormal: 2 of 374 in Open-i.
    stable: Literal["uncertain", "finding", "none"] = "none"
    # Whether headings such as "Indication:" are heeded.
    sections: Literal["written", "none"] = "written"
    # Whether the slips of speech recognition that `repairs.yaml` lists are read as meant.
    repairs: bool = False

    def chosen(self, under: Mapping[str, Any], otherwise: Any) -> Any:
        """Pick from a rule's `under` what one of these conventions asks for."""
        for key, value in under.items():
            name, _, choice = key.partition(" ")
            if getattr(self, name) == choice:
                return value
        return otherwise
