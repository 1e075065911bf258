"""Tables and figures of the cooperative network."""
