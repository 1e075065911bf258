"""Gaze: fixations from samples, and how gaze and speech are in step."""
