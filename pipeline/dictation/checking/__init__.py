"""What an edit of the rules changes on sentences whose labels are known."""
