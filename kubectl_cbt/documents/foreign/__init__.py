"""Lists of extents that other tools print, one module per tool."""
