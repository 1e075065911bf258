"""Sections, profile and variants of the cooperative network resolved into its runs."""

from collections.abc import Mapping
from typing import Any

from gazescribe.models.cooperative.settings import (
    CooperativeMethod,
    CooperativeProfile,
    CooperativeRun,
    CooperativeSection,
    CooperativeSize,
)
from gazescribe.models.core.settings import Variants, values_of
from gazescribe.pipeline.core.errors import ParamsError


def cooperative_runs(
    section: CooperativeSection, profile: CooperativeProfile
) -> list[CooperativeRun]:
    """Resolve the settings of each run: every model with every seed.

    Parameters
    ----------
    section : CooperativeSection
        Section of `params.yaml`.
    profile : CooperativeProfile
        Section of the profile.

    Returns
    -------
    list of CooperativeRun
        Models in the profile's order, seeds within.

    Raises
    ------
    ParamsError
        If a model has no variant, starts from one that is not trained before it, or sets what no
        run can have.
    """
    _check_models(section.variants, profile.models)
    return [
        _run(section, profile, model, seed) for model in profile.models for seed in profile.seeds
    ]


def _check_models(variants: Variants, models: Variants) -> None:
    names = list(models)
    faults = [f"there is no variant {name}" for name in names if name not in variants]
    for number, name in enumerate(names):
        first = variants.get(name, {}).get("init_from")
        if first and first not in names[:number]:
            faults.append(f"{name} starts from {first}, which is not among the models before it")
    if faults:
        remedy = f"Known are {', '.join(variants)}."
        message = "these models cannot be trained."
        raise ParamsError(message, where="cooperative.models", remedy=remedy, faults=faults)


def _run(
    section: CooperativeSection, profile: CooperativeProfile, model: str, seed: int
) -> CooperativeRun:
    from gazescribe.pipeline.core.yaml_files import check  # pydantic: not where networks train

    settings = {
        **values_of(section, CooperativeMethod),
        **values_of(profile, CooperativeSize),
        "init_from": None,
        **section.variants[model],
        **profile.models[model],
    }
    first = settings["init_from"]
    named = {
        "name": f"{model}-seed{seed}",
        "model": model,
        "seed": seed,
        "init_from": first and f"{first}-seed{seed}",
        "fold": seed % settings["n_folds"] if settings["split"] == "folds" else None,
    }
    content = {"weights": _weights(settings, profile), **settings, **named}
    return check(content, CooperativeRun, ParamsError, where=f"cooperative.variants.{model}")


def _weights(settings: Mapping[str, Any], profile: CooperativeProfile) -> str | None:
    """File that a network starts from, where it starts from one."""
    network = settings.get("network")
    if network == "inception_resnet":
        return profile.inception_weights
    has_encoder = network in ("densenet", "dual_encoder", "fusion") and settings["encoder"]
    return profile.densenet_weights if has_encoder and not settings["init_from"] else None
