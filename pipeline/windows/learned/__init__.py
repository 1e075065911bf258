"""Association that learns: each fixation explained by a sentence, or by search."""
