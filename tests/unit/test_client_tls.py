"""The TLS context that all connections to an API server share."""

import ssl

from raw_api import BODY, WITH_LENGTH, asking, connection, serving

from kubectl_cbt.demo.certificates import CertificateAuthority


def test_connections_do_not_change_the_context_that_they_share(monkeypatch, tmp_path):
    """OpenSSL copies the protocols for each connection without Python's lock: to set them again frees them meanwhile.

    Then, about one connection of some thousands offered garbage, and was rejected.
    """
    changes, connections, chosen = [], [], []
    original = ssl.SSLContext.set_alpn_protocols
    monkeypatch.setattr(
        ssl.SSLContext, "set_alpn_protocols", lambda context, names: changes.append(names) or original(context, names)
    )
    authority = CertificateAuthority("a test")
    issued = authority.issue("127.0.0.1")
    path = tmp_path / "served.pem"
    path.write_bytes(issued.key_pem + issued.certificate_pem)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(path)
    original(served, ["h2", "http/1.1"])
    served.sni_callback = lambda secured, name, context: connections.append(secured)

    def answer(_request: bytes) -> list[bytes]:
        chosen.append(connections[-1].selected_alpn_protocol())
        return [WITH_LENGTH + BODY]

    with (
        serving(answer, tls=served) as server,
        asking(connection(f"https://127.0.0.1:{server.port}", authority.pem)) as api,
    ):
        for _ in range(3):
            api.get("version")
    assert changes == [["http/1.1"]]
    assert chosen == ["http/1.1"] * 3
