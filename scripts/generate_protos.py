"""Generate the protobuf modules beside their .proto files; used by ``make protos`` and by a test.

Only messages and their type stubs are generated: calls are made with raw bytes (see wire/sidecar.py), so the
gRPC stubs would be code that nothing runs.
"""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = (
    "kubectl_cbt/wire/snapshot_metadata.proto",
    "kubectl_cbt/wire/csi.proto",
    "kubectl_cbt/demo/kube/builtin.proto",
)


def generate(into: Path) -> None:
    """Write ``*_pb2.py`` and ``*_pb2.pyi`` below ``into``, in the folders of their .proto files."""
    well_known = files("grpc_tools") / "_proto"
    arguments = [
        "protoc",
        f"-I{ROOT}",
        f"-I{well_known}",
        f"--python_out={into}",
        f"--pyi_out={into}",
        *PROTOS,
    ]
    if protoc.main(arguments) != 0:
        sys.exit("protoc failed")


if __name__ == "__main__":
    generate(ROOT)
