"""lister-json against what upstream's lister printed, byte for byte."""

import pytest
from recorded import RECORDINGS, cases, messages
from samples import outcome_of, resolved

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.model.record import Batch, Records
from kubectl_cbt.output.lister_json import ListerJsonWriter
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.wire.decode import decode_record

REFERENCES = sorted(RECORDINGS.glob("*/*.reference.json"))


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_lister_json_is_upstreams_output_byte_for_byte(reference):
    case = cases(reference.parent.name)[reference.name.removesuffix(".reference.json")]
    written: list[bytes] = []
    writer = ListerJsonWriter(written.append, resolved(), OutputTarget())
    for number, message in enumerate(messages(case), 1):
        record = decode_record(message, number)
        writer.batch(Batch.whole(Records.of(record)))
    writer.end(outcome_of(case["messages"], case["extents"]), SummaryBuilder().summary(None))
    assert b"".join(written) == reference.read_bytes()
