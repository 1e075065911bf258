"""The command `demo`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.files import replacing_folder
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.demo.run import TRUTH, write_demo
from gazescribe.pipeline.demo.settings import Images


@options.command("demo", example="gazescribe demo data/demo", section="demo")
@click.argument("out", type=options.FOLDER)
@click.option("--readings", type=int, help="REFLACX readings; EGD and MIMIC follow in proportion.")
@click.option("--seed", type=int, help="The same seed gives the same files.")
@click.option(
    "--images",
    type=click.Choice(["native", "small", "none"]),
    default="small",
    show_default=True,
    help="small: a sixth of the native size, coordinates too; none: tables only, fast.",
)
@options.shared_options
def demo(
    out: Path, readings: int | None, seed: int | None, images: Images, shared: options.Shared
) -> None:
    """Write synthetic REFLACX, EGD and MIMIC trees in the real layouts to OUT."""
    settings = override(load_params(shared.params_file).demo, readings=readings, seed=seed)
    with replacing_folder(out, "demo trees", mark=TRUTH) as folder:
        counts = write_demo(folder, settings, images, **shared.parallel)
    line = (
        f"{out}: {counts['reflacx_readings']} REFLACX readings of {counts['reflacx_images']}"
        f" images, {counts['egd_cases']} EGD cases, {counts['mimic_images']} MIMIC images,"
        " all synthetic."
    )
    shared.summarise(line, counts)
