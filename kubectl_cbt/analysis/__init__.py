"""What a stream means: the rules it must keep, its figures, its cells. Pure functions and accumulators."""
