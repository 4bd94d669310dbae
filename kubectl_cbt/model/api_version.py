"""Version and kind of the documents that ``-o json``, ``-o yaml`` and ``-o ndjson`` print."""

from __future__ import annotations

API_GROUP = "kubectl-cbt/"
"""How the apiVersion of every version begins."""

API_VERSION = f"{API_GROUP}v1"
METADATA_KIND = "BlockMetadata"
VERIFICATION_KIND = "Verification"
REPORT_KIND = "VolumeReport"
REPORT_END_KIND = f"{REPORT_KIND}End"
