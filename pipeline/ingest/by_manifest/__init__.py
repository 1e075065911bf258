"""Any data set to tables, by a manifest."""
