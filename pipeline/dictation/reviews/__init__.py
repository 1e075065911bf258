"""What readers say of mentions and windows: applied to a data set, and made gold sentences."""
