"""The window search of Lanfredi et al. 2023, Section 2.8: which gaze belongs to a mention."""
