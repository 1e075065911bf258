"""Tables and figures of the multiple-instance network (Lanfredi et al. 2023)."""
