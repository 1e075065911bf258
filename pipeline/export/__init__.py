"""Export: one folder that another lab loads without this code."""
