"""Turn a radiologist's gaze and dictation into label-specific heatmaps."""
