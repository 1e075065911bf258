"""A trained network applied to pictures."""
