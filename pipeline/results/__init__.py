"""Score tables of trained networks to the papers' tables and figures."""
