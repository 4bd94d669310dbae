"""What is computed from a stream: rules, figures, cells, set algebra. Pure functions and accumulators."""
