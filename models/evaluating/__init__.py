"""Trained networks scored: by class and by place."""
