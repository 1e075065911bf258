"""What was said: the labeler, mentions, and how well the labeler does."""
