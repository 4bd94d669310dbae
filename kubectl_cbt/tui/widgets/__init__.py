"""Widgets: each draws what it is given, and says what a person did to it."""
