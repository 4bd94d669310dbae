"""The API server: from names to a Target. The only package that imports the Kubernetes client."""
