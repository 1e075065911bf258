"""Is speech on the clock of the gaze, and recorded gaze where the eyes were."""
