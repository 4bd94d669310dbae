"""See and debug Kubernetes Changed Block Tracking from the terminal."""

__version__ = "0.1.0"
