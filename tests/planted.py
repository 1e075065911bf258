"""Settings of the synthetic data set for tests: the defaults of `params.yaml`, some changed."""

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.demo.settings import Demo
from tests.conftest import ROOT


def planted(**changes: object) -> Demo:
    return override(load_params(ROOT / "params.yaml").demo, **changes)
