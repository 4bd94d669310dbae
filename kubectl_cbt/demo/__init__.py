"""A cluster in the box: a Kubernetes API and SnapshotMetadata services on loopback, real but for the disks.

It is a server written from the contract. It shares no code with the client beyond values, errors and the
generated messages, so that the client is never tested against itself.
"""
