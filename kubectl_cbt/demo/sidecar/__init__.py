"""The demo's SnapshotMetadata service: what external-snapshot-metadata's sidecar does, over TLS and gRPC."""
