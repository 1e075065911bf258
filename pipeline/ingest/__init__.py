"""Raw trees to tables, one module per data set."""
