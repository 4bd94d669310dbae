"""The demo cluster: a Kubernetes API server and SnapshotMetadata services on loopback, with generated volumes.

The servers are written from the specification. They share only values, errors and generated messages with the
client, so that the client is never tested against itself.
"""
