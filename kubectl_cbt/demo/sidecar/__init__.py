"""The demo's SnapshotMetadata service: the external-snapshot-metadata sidecar, over TLS and gRPC."""
