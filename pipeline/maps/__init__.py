"""Heatmaps drawn from the Gaussians of windows."""
