"""Files as recorders and recognisers write them: each format is read in one file."""
