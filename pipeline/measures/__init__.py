"""Gaze measures of vision science: by region, label and mention."""
