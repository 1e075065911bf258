"""Data sets as their manifests describe them, and the raw trees on disk."""
