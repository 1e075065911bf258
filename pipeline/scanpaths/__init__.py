"""Scan paths by finding: made, written as others read them, compared, scored."""
