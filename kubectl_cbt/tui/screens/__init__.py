"""Screens: they own the state and pass it to the widgets."""
