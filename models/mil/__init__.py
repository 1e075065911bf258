"""The multiple-instance network of Lanfredi et al. 2023."""
