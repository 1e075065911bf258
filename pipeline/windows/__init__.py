"""Windows of time around mentions, and the gaze in them."""
