"""The demo's Kubernetes API server: kinds, requests, field validation, reviews, watches."""
