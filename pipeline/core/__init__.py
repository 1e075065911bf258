"""What all rooms stand on: errors, files, tables and their schemas, shards, workers."""
