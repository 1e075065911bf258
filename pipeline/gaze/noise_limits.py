"""How much noise of its samples a method of detection bears.

I-DT and I-VT fail where noise alone carries a still eye over their threshold within the shortest
fixation: they find pieces of fixations, then none. The limits follow from normal noise, whose RMS
from sample to sample is twice its standard deviation per axis, and a median over n samples that
leaves √(π / 2n) of it. The limit of I2MC is measured (docs/own-data.md): there it joins a fifth of
the fixations of an EyeLink with their neighbours.
Source: Blom, Statistical Estimates and Transformed Beta-Variables, 1958 (the largest of n normal
numbers); Holmqvist, Nyström and Mulvey, ETRA 2012 (noise from sample to sample).
"""

import math
from statistics import NormalDist

from gazescribe.pipeline.gaze.detection import least_samples, smoothed_samples
from gazescribe.pipeline.gaze.settings import Detection

I2MC_DEG_PER_ROOT_HZ = 0.11


def noise_limit(step_s: float, settings: Detection) -> float:
    """Give the noise that the method bears: RMS from sample to sample in degrees.

    `step_s` is from one sample to the next in seconds.
    """
    if settings.method == "i2mc":
        return I2MC_DEG_PER_ROOT_HZ / math.sqrt(step_s)
    n_least = least_samples(step_s, settings)
    n_smoothed = smoothed_samples(step_s, settings)
    left = min(math.sqrt(math.pi / (2 * n_smoothed)), 1.0)  # of the noise, by smoothing
    if settings.method == "idt":
        # Across and down, a still eye spans on average twice the largest of its samples.
        largest = NormalDist().inv_cdf((n_least - 0.375) / (n_least + 0.25))
        return settings.dispersion_deg / (2 * largest * left)
    # The fastest of n samples of a still eye: speeds have a Rayleigh distribution.
    reach = max(round(settings.velocity_window_s / 2 / step_s), 1)
    fastest = math.sqrt(math.log(2 * n_least))
    return settings.velocity_deg_s * 2 * reach * step_s / (fastest * left)
