"""Radiographs: found, read, fitted into shards."""
