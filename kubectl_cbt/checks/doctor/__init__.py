"""Diagnosis: every hop from the kubeconfig to the extents, as data, and a runner that never prints."""
