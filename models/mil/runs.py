"""Sections, profile and variants of the multiple-instance network resolved into its runs."""

import dataclasses

from gazescribe.models.core.settings import values_of
from gazescribe.models.mil.settings import MilMethod, MilProfile, MilRun, MilSection, MilSize
from gazescribe.pipeline.core.errors import ParamsError


def mil_runs(section: MilSection, profile: MilProfile) -> list[MilRun]:
    """Resolve the settings of each run: every model with every seed.

    Parameters
    ----------
    section : MilSection
        Section of `params.yaml`.
    profile : MilProfile
        Section of the profile.

    Returns
    -------
    list of MilRun
        Models in the profile's order, seeds within.

    Raises
    ------
    ParamsError
        If a model has no variant, or a variant sets what no run can have; all faults at once.
    """
    unknown = [model for model in profile.models if model not in section.variants]
    if unknown:
        message = f"there is no variant {', '.join(unknown)}."
        remedy = f"Known are {', '.join(section.variants)}."
        raise ParamsError(message, where="mil.models of the profile", remedy=remedy)
    return [
        _run(section, profile, model, seed) for model in profile.models for seed in profile.seeds
    ]


def _run(section: MilSection, profile: MilProfile, model: str, seed: int) -> MilRun:
    from gazescribe.pipeline.core.yaml_files import check  # pydantic: not where networks train

    settings = {
        **values_of(section, MilMethod),
        **values_of(profile, MilSize),
        **section.variants[model],
        "name": f"{model}-seed{seed}",
        "model": model,
        "seed": seed,
        "grid": 1,
    }
    run = check(settings, MilRun, ParamsError, where=f"mil.variants.{model}")
    cell_px = 2 ** (1 + min(run.layers))  # 16 pixels of the image in layer 3, 32 in layer 4
    return dataclasses.replace(run, grid=run.image_size // cell_px)
