"""Bundles of certificates as people make them: one damaged block costs nothing but itself."""

import pytest
from certified import CA_YES, certified

from kubectl_cbt.kube.client_tls import client_context
from kubectl_cbt.security.pem import block_count, certificates_in, pem_of, readable_certificates_in

ONE, TWO = certified([CA_YES], subject="one.example"), certified([CA_YES], subject="")
BAD = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
CRLF = ONE.pem.replace(b"\n", b"\r\n")

BUNDLES = {
    "as it is written": (ONE.pem + TWO.pem, [ONE, TWO], 2),
    "a byte order mark": (b"\xef\xbb\xbf" + ONE.pem, [ONE], 1),
    "blank lines and comments": (
        "\n\n# Wörter\r\n".encode() + ONE.pem + b"\n \n" + TWO.pem + b"\n\nend",
        [ONE, TWO],
        2,
    ),
    "CRLF": (CRLF, [ONE], 1),
    "no newline at its end": (ONE.pem.rstrip(), [ONE], 1),
    "a block that is no certificate": (BAD + ONE.pem + BAD + TWO.pem, [ONE, TWO], 4),
    "a block that is not base64": (ONE.pem.replace(b"M", b"*", 1) + TWO.pem, [TWO], 2),
    "a block that is cut": (ONE.pem[:100] + b"\n" + TWO.pem, [TWO], 2),
    "a block with headers": (BAD.replace(b"AAAA", b"Proc-Type: 4\n\nAAAA") + TWO.pem, [TWO], 2),
    "a key between": (ONE.key_pem + ONE.pem, [ONE], 1),
    "the same twice": (ONE.pem * 2, [ONE, ONE], 2),
    "nothing": (b"", [], 0),
}


@pytest.mark.parametrize("what", BUNDLES)
def test_what_can_be_read_of_a_bundle_is_trusted(what):
    bundle, readable, blocks = BUNDLES[what]
    found = readable_certificates_in(bundle)
    assert found == [one.der for one in readable]
    assert certificates_in(pem_of(found)) == found
    assert block_count(bundle) == blocks
    if not readable:
        with pytest.raises(ValueError, match="it contains no readable certificate"):
            client_context(bundle, verify=True)
        return
    trusted = client_context(bundle, verify=True).get_ca_certs(binary_form=True)
    assert sorted(trusted) == sorted(set(found))
