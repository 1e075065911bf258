"""The two networks; torch lives here and nowhere else."""
