"""Generate the protobuf modules beside their .proto files; ``make protos`` runs it.

    python scripts/generate_protos.py            write them
    python scripts/generate_protos.py --check    fail if one differs, as part of ``make lint``

Only messages and their type stubs are generated: calls are made with raw bytes (see wire/sidecar.py), so the
gRPC stubs would be code that nothing runs.
"""

import sys
import tempfile
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = (
    "kubectl_cbt/wire/snapshot_metadata.proto",
    "kubectl_cbt/wire/csi.proto",
    "kubectl_cbt/demo/kube/builtin.proto",
)


def generate(into: Path) -> None:
    """Write ``*_pb2.py`` and ``*_pb2.pyi`` below ``into``, in the folders of their .proto files."""
    from grpc_tools import protoc

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


def check() -> None:
    """End the script if a module is not what its .proto file gives."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        generated = sorted(path.relative_to(folder) for path in Path(folder).rglob("*_pb2.py*"))
        stale = [path for path in generated if (ROOT / path).read_bytes() != (Path(folder) / path).read_bytes()]
    if stale or len(generated) != 2 * len(PROTOS):
        sys.exit(f"not what the .proto files give: {', '.join(map(str, stale))}: make protos")


if __name__ == "__main__":
    check() if sys.argv[1:] == ["--check"] else generate(ROOT)
