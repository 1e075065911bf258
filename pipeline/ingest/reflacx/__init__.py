"""REFLACX to tables."""
