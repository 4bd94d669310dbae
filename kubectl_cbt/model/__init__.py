"""Values that every part shares: references, records of extents, results. Pure Python and numpy, no I/O."""
