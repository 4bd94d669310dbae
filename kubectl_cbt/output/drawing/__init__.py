"""Drawing of maps as lines of characters, and of those as SVG: pure functions, for the formats and the screens."""
