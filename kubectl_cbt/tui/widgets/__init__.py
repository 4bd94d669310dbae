"""Widgets: each draws what it is given, and posts a message for what the user did."""
