"""The one stream loop."""
