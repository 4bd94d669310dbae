"""How much a server, a driver or a file may make this process hold. None of them is trusted with its memory."""

from __future__ import annotations

MAX_MESSAGE_BYTES = 64 * 2**20
"""Of one response message, live or recorded, unless ``--max-message-size`` says otherwise: six million extents of a
busy volume. At the default ``--max-results`` a message has some 50 KiB."""

LARGEST_MAX_MESSAGE_BYTES = 2**31 - 1
"""What gRPC and protobuf can be told."""

MAX_API_BODY_BYTES = 64 * 2**20
"""Of one answer of the API server, decompressed. Some 30,000 VolumeSnapshots."""

MAX_JSON_VALUES = 2**22
"""Of one such answer: three bytes of JSON can make an object of 64. Kubernetes' own has a value in some 25 bytes."""

MAX_OIDC_BODY_BYTES = 2**20
"""Of one answer of an identity provider, decompressed. They have a few KiB."""

MAX_EVENT_BYTES = 16 * 2**20
"""Of one event of a watch, which holds one object. A Kubernetes object has at most some 3 MiB."""
