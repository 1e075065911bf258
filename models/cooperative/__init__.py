"""The cooperative network of Qiu, Rivaz and Xiao 2025, its baselines and its ablations."""
