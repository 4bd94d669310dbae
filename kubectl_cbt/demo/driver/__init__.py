"""The demo's CSI drivers: volumes as functions of time, the extents of their snapshots, and faults."""
