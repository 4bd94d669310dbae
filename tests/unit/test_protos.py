"""The messages of the generated modules. `make lint` compares these with the .proto files beside them."""

from pathlib import Path

from generate_protos import PROTOS, ROOT


def test_the_wire_numbers_are_the_contracts():
    from kubectl_cbt.wire import csi_pb2, snapshot_metadata_pb2

    sidecar = snapshot_metadata_pb2.DESCRIPTOR.message_types_by_name
    assert _fields(sidecar["GetMetadataDeltaRequest"]) == {
        "security_token": 1,
        "namespace": 2,
        "base_snapshot_id": 3,
        "target_snapshot_name": 4,
        "starting_offset": 5,
        "max_results": 6,
    }
    assert _fields(sidecar["GetMetadataAllocatedRequest"]) == {
        "security_token": 1,
        "namespace": 2,
        "snapshot_name": 3,
        "starting_offset": 4,
        "max_results": 5,
    }
    driver = csi_pb2.DESCRIPTOR.message_types_by_name
    assert _fields(driver["GetMetadataDeltaRequest"])["secrets"] == 5
    assert _fields(driver["GetMetadataAllocatedRequest"])["secrets"] == 4
    for messages in (sidecar, driver):
        assert _fields(messages["GetMetadataDeltaResponse"]) == {
            "block_metadata_type": 1,
            "volume_capacity_bytes": 2,
            "block_metadata": 3,
        }
        assert _fields(messages["BlockMetadata"]) == {"byte_offset": 1, "size_bytes": 2}
    assert csi_pb2.PluginCapability.Service.SNAPSHOT_METADATA_SERVICE == 4


def _fields(message) -> dict[str, int]:
    return {field.name: field.number for field in message.fields}


def test_the_packages_of_the_contract_are_spoken():
    text = "".join((ROOT / Path(proto)).read_text(encoding="utf-8") for proto in PROTOS)
    assert "package snapshotmetadata;" in text
    assert "package csi.v1;" in text
