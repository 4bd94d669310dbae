"""A Kubernetes client with kubectl's habits: kubeconfig, authentication, requests, port-forward.

It knows nothing of CBT and could be a library of its own. The only package that imports the Kubernetes client.
"""
