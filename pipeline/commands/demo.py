"""The command `demo`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands.options import (
    FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    summarise,
)
from gazescribe.pipeline.core.files import replacing_folder
from gazescribe.pipeline.demo.run import TRUTH, Images, check_replaceable, write_demo


@command("demo")
@click.argument("out", type=FOLDER)
@click.option("--readings", type=int, help="REFLACX readings; EGD and MIMIC follow in proportion.")
@click.option("--seed", type=int, help="The same seed gives the same files.")
@click.option(
    "--images",
    type=click.Choice(["native", "small", "none"]),
    default="small",
    show_default=True,
    help="small: a sixth of the native size, coordinates too; none: tables only, fast.",
)
@params_option
@parallel_options
@json_option
def demo(
    *,
    out: Path,
    readings: int | None,
    seed: int | None,
    images: Images,
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Write synthetic REFLACX, EGD and MIMIC trees in the real layouts to OUT."""
    from gazescribe.pipeline.commands.params import load_params
    from gazescribe.pipeline.core.yaml_files import override

    settings = override(load_params(params_file).demo, readings=readings, seed=seed)
    with replacing_folder(out, mark=TRUTH, check=check_replaceable) as folder:
        counts = write_demo(folder, settings, images, workers=workers, scheduler=scheduler)
    line = (
        f"{out}: {counts['reflacx_readings']} REFLACX readings of {counts['reflacx_images']}"
        f" images, {counts['egd_cases']} EGD cases, {counts['mimic_images']} MIMIC images,"
        " all synthetic."
    )
    summarise(line, counts, as_json=as_json)
