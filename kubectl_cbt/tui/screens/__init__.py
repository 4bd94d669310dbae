"""Whole screens: they own the state, and hand it to widgets."""
