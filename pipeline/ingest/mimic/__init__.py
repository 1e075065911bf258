"""MIMIC-CXR-JPG to tables."""
