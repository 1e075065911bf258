"""Gaze and dictation in, label-specific heatmaps out: tables and arrays, never torch."""
