"""The synthetic data set: REFLACX, EGD and MIMIC trees in their real layouts, with known truth."""
