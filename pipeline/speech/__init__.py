"""Dictations as audio to timed words, by recognisers that run on this machine."""
