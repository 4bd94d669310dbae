"""See and debug Kubernetes Changed Block Tracking from the terminal."""
