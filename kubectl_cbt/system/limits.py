"""Limits on the size of input from servers, drivers and files, none of which is trusted."""

from __future__ import annotations

MAX_MESSAGE_BYTES = 64 * 2**20
"""For one response message, live or recorded, by default (``--max-message-size``): six million extents. With the
default ``--max-results`` a message has about 50 KiB."""

LARGEST_MAX_MESSAGE_BYTES = 2**31 - 1
"""The largest limit that gRPC and protobuf support."""

MAX_API_BODY_BYTES = 64 * 2**20
"""For one response of the API server, decompressed. About 30,000 VolumeSnapshots."""

MAX_JSON_VALUES = 2**22
"""For one such response: three bytes of JSON can become an object of 64. Kubernetes' own JSON has about 25 bytes per
value."""

MAX_OIDC_BODY_BYTES = 2**20
"""For one response of an identity provider, decompressed. They have a few KiB."""

MAX_EVENT_BYTES = 16 * 2**20
"""For one event of a watch, which contains one object. A Kubernetes object has at most about 3 MiB."""
