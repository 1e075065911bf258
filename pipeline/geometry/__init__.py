"""Arrays in, arrays out, numpy only: Gaussians, ellipses, letterboxes, IoU. One copy of each."""
