"""Settings of the synthetic data set for tests: the defaults of `params.yaml`, some changed."""

from pipeline.demo.settings import Demo
from pipeline.params import load_params, override
from tests.conftest import ROOT


def planted(**changes: object) -> Demo:
    return override(load_params(ROOT / "params.yaml").demo, **changes)
