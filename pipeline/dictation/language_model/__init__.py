"""Mentions by a language model on a server of one's own, beside those of the rules."""
