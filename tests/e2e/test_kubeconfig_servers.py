"""Which server, through which proxy, and whether to trust it: row by row the same as the real kubectl."""

from dataclasses import replace
from typing import Any

import pytest
from kubeconfigs import (
    ONE,
    TO_ONE,
    TO_TWO,
    TOKEN,
    Document,
    Row,
    Sent,
    SocksProxy,
    agree,
    kubeconfig,
    of_cluster,
)
from peers import KUBECTL

DATA = {"server": "$ONE", "certificate-authority-data": "$ONE_CA_DATA"}
BAD_BLOCKS = "".join(
    f"-----BEGIN CERTIFICATE-----\r\n{body}\r\n-----END CERTIFICATE-----\r\n"
    for body in ("AAAA", "***", "X-A: b\r\n\r\nAAAA")
)
FOREIGN_DATA = DATA | {"certificate-authority-data": "$TWO_CA_DATA"}
INSECURE = {"server": "$ONE", "insecure-skip-tls-verify": True}
OF_NAME = {"server": "$NAMED", "certificate-authority": "$NAMED_CA"}
NAMED = Sent("named", "Bearer token-of-jane", sni="api.internal")
TWO = replace(ONE, server="two")
TO_FLAGS = ("--server=$TWO", "--certificate-authority=$TWO_CA")
PORT_ONE, PORT_NAMED = "127.0.0.1:$ONE_PORT", "api.internal:$NAMED_PORT"
UNTRUSTED = "the certificate of the API server"
EXCLUDED = "a certificate authority and --insecure-skip-tls-verify are mutually exclusive"
NO_URL = "is not an http or https URL"
FAILING_EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}


def at(url: str, why: str, **more: Any) -> Row:
    """The first server, with its CA, by another URL."""
    return of_cluster(why, TO_ONE | {"server": url}, **more)


def plain(why: str, *flags: str, user: Document = TOKEN, url: str = "http://$PLAIN", **more: Any) -> Row:
    """The server without TLS."""
    cluster = {"server": url} | more.pop("cluster", {})
    return Row(why, {"config": kubeconfig(cluster, user)}, flags, **more)


TRUST = [
    of_cluster("a CA as data", DATA, sent=ONE),
    of_cluster(
        "a CA in a file that is missing", TO_ONE | {"certificate-authority": "no"}, said="/no cannot be read: No such"
    ),
    of_cluster(
        "a CA's file beside the kubeconfig",
        TO_ONE | {"certificate-authority": "pki/ca"},
        files={"pki/ca": "$ONE_CA_PEM"},
        sent=ONE,
    ),
    Row(
        "a path is relative to its own file",
        {"a/config": kubeconfig(TO_ONE | {"certificate-authority": "../pki/ca"}), "pki/ca": "$ONE_CA_PEM"},
        kubeconfig="$HERE/a/config",
        sent=ONE,
    ),
    Row(
        "paths of merged files are relative to either",
        {
            "a/config": {"clusters": kubeconfig(TO_ONE | {"certificate-authority": "ca"})["clusters"]},
            "a/ca": "$ONE_CA_PEM",
            "b/config": kubeconfig(TO_TWO, {"tokenFile": "token"}),
            "b/token": "b",
        },
        kubeconfig="a/config:b/config",
        sent=Sent("one", "Bearer b"),
    ),
    Row(
        "a file of another cluster may be missing",
        {
            "config": kubeconfig(
                clusters=[
                    *kubeconfig()["clusters"],
                    {"name": "x", "cluster": {"server": "https://x", "certificate-authority": "no"}},
                ]
            )
        },
        sent=ONE,
    ),
    of_cluster(
        "a CA's file that holds none",
        TO_ONE | {"certificate-authority": "ca"},
        files={"ca": "x"},
        said="certificate-authority cannot be used",
    ),
    of_cluster(
        "a bundle with comments, blank lines, CRLF and blocks that are not certificates",
        TO_ONE | {"certificate-authority": "ca"},
        files={"ca": f"# Wörter\r\n\r\n{BAD_BLOCKS}$TWO_CA_PEM\r\n\r\n\n$ONE_CA_PEM"},
        sent=ONE,
    ),
    of_cluster(
        "a CA's data that holds none",
        {"server": "$ONE", "certificate-authority-data": "eA=="},
        said="certificate-authority cannot be used",
    ),
    of_cluster(
        "a CA as file and as data",
        TO_ONE | {"certificate-authority-data": "$ONE_CA_DATA"},
        said="certificate-authority and certificate-authority-data are mutually exclusive",
    ),
    of_cluster("a CA of another server", FOREIGN_DATA, said=UNTRUSTED),
    of_cluster("without a CA it is the system's", {"server": "$ONE"}, said=UNTRUSTED),
    of_cluster("insecure-skip-tls-verify", INSECURE, sent=ONE),
    of_cluster("insecure-skip-tls-verify with a CA", INSECURE | TO_ONE, said=EXCLUDED),
    of_cluster("insecure-skip-tls-verify with data", INSECURE | DATA, said=EXCLUDED),
    of_cluster("insecure-skip-tls-verify that is false", TO_ONE | {"insecure-skip-tls-verify": False}, sent=ONE),
    of_cluster(
        "--insecure-skip-tls-verify over a CA", TO_TWO | {"server": "$ONE"}, "--insecure-skip-tls-verify", sent=ONE
    ),
    of_cluster("--insecure-skip-tls-verify over data", FOREIGN_DATA, "--insecure-skip-tls-verify", sent=ONE),
    of_cluster("--certificate-authority over data", FOREIGN_DATA, "--certificate-authority=$ONE_CA", sent=ONE),
    of_cluster("--certificate-authority over insecure", INSECURE, "--certificate-authority=$TWO_CA", said=UNTRUSTED),
    of_cluster(
        "--certificate-authority and --insecure-skip-tls-verify",
        TO_ONE,
        "--certificate-authority=$ONE_CA",
        "--insecure-skip-tls-verify",
        said=EXCLUDED,
    ),
    of_cluster(
        "--certificate-authority that is missing", TO_ONE, "--certificate-authority=no", said="/no cannot be read"
    ),
    Row(
        "--certificate-authority is relative to here",
        {"a/config": kubeconfig(FOREIGN_DATA), "ca": "$ONE_CA_PEM"},
        ("--certificate-authority=ca",),
        kubeconfig="a/config",
        sent=ONE,
    ),
    of_cluster("tls-server-name", OF_NAME | {"tls-server-name": "api.internal"}, sent=NAMED),
    of_cluster("a certificate for another name", OF_NAME, said=UNTRUSTED),
    of_cluster("tls-server-name of another certificate", TO_ONE | {"tls-server-name": "x.example"}, said=UNTRUSTED),
    of_cluster(
        "tls-server-name is asked for without being checked",
        INSECURE | {"tls-server-name": "x.example"},
        sent=replace(ONE, sni="x.example"),
    ),
    of_cluster(
        "tls-server-name that is an address is not asked for", TO_ONE | {"tls-server-name": "127.0.0.1"}, sent=ONE
    ),
    of_cluster("--tls-server-name", OF_NAME, "--tls-server-name=api.internal", sent=NAMED),
    of_cluster(
        "--tls-server-name over the kubeconfig's",
        OF_NAME | {"tls-server-name": "x"},
        "--tls-server-name=api.internal",
        sent=NAMED,
    ),
    of_cluster(
        "--server makes the kubeconfig's tls-server-name void",
        OF_NAME | {"tls-server-name": "api.internal"},
        "--server=$NAMED",
        said=UNTRUSTED,
    ),
    of_cluster(
        "--server with --tls-server-name",
        TO_ONE,
        "--server=$NAMED",
        "--tls-server-name=api.internal",
        "--certificate-authority=$NAMED_CA",
        sent=NAMED,
    ),
    of_cluster("disable-compression is no matter", TO_ONE | {"disable-compression": True}, sent=ONE),
]

SERVERS = [
    of_cluster("--server keeps the CA", TO_ONE, "--server=$TWO", said=UNTRUSTED),
    of_cluster("--server keeps the user", TO_ONE, *TO_FLAGS, sent=TWO),
    of_cluster("-s", TO_ONE, "-s", "$TWO", TO_FLAGS[1], sent=TWO),
    Row("--server without a kubeconfig", {}, (*TO_FLAGS, "--token=x"), sent=Sent("two", "Bearer x")),
    Row("--server without KUBECONFIG", {}, (*TO_FLAGS, "--token=x"), kubeconfig="", sent=Sent("two", "Bearer x")),
    Row("--server without a kubeconfig and a login", {}, TO_FLAGS, said="there is no user to log in as"),
    Row(
        "--server without a kubeconfig with --context",
        {},
        (*TO_FLAGS, "--token=x", "--context=y"),
        said='context "y" does not exist',
    ),
    Row(
        "--server without a kubeconfig with --user", {}, (*TO_FLAGS, "--token=x", "--user=y"), said='user "y" does not'
    ),
    # kubectl connects to http://localhost:8080 and reports that the connection was refused.
    Row("nothing at all", {}, said="no kubeconfig found"),
    Row("--token alone", {}, ("--token=x",), said="no kubeconfig found"),
    Row(
        "KUBERNETES_MASTER is the server when nobody names one",
        {},
        ("--token=x", "--certificate-authority=$ONE_CA"),
        environment={"KUBERNETES_MASTER": "$ONE"},
        sent=Sent("one", "Bearer x"),
    ),
    of_cluster("KUBERNETES_MASTER comes last", TO_ONE, environment={"KUBERNETES_MASTER": "$TWO"}, sent=ONE),
    at("https://localhost:$ONE_PORT", "a host's name is asked for", sent=replace(ONE, sni="localhost")),
    at("$ONE/k8s/clusters/c-1", "a path, as Rancher has it", sent=replace(ONE, prefix="/k8s/clusters/c-1")),
    at("$ONE/k8s/clusters/c-1/", "a path with a slash", sent=replace(ONE, prefix="/k8s/clusters/c-1")),
    at("$ONE/a%20b", "a path with a blank", sent=replace(ONE, prefix="/a%20b")),
    at("$ONE/", "a slash is no path", sent=ONE),
    at("$ONE/k8s?a=b#c", "a path's query is dropped", sent=replace(ONE, prefix="/k8s")),
    at("HTTPS://127.0.0.1:$ONE_PORT", "a scheme in capitals", sent=ONE),
    at(
        "https://me:p%40@127.0.0.1:$ONE_PORT",
        "a login in the URL goes before a token",
        sent=Sent("one", "Basic bWU6cEA="),
    ),
    at("ftp://127.0.0.1:$ONE_PORT", "a scheme that is none", said=NO_URL),
    at("https://", "a URL without a host", said=NO_URL),
    at("https://127.0.0.1:port", "a port that is no number", said=NO_URL),
    at(" $ONE", "a blank in front of the URL", said=NO_URL),
    plain("without TLS no token is sent", sent=Sent("plain")),
    plain("without TLS --token is not sent either", "--token=x", sent=Sent("plain")),
    plain("without TLS there need be no login", user={}, sent=Sent("plain")),
    Row(
        "without TLS the user may be gone",
        {"config": kubeconfig({"server": "http://$PLAIN"}, context={"user": "x"})},
        sent=Sent("plain"),
    ),
    plain("without TLS no plugin is run", user={"exec": FAILING_EXEC}, sent=Sent("plain")),
    plain(
        "without TLS one may act as another all the same",
        user=TOKEN | {"as": "joe", "as-groups": ["a"]},
        sent=Sent("plain", acting_as=(("impersonate-group", "a"), ("impersonate-user", "joe"))),
    ),
    plain("without TLS --as", "--as=joe", sent=Sent("plain", acting_as=(("impersonate-user", "joe"),))),
    plain("without TLS a CA is no matter", cluster={"certificate-authority": "$ONE_CA"}, sent=Sent("plain")),
    plain("without TLS a CA's file has to exist", cluster={"certificate-authority": "no"}, said="/no cannot be read"),
    plain(
        "without TLS insecure-skip-tls-verify and a CA do not exclude each other",
        cluster={"certificate-authority": "$ONE_CA", "insecure-skip-tls-verify": True},
        sent=Sent("plain"),
    ),
    plain("without TLS a login in the URL is sent", url="http://me:pw@$PLAIN", sent=Sent("plain", "Basic bWU6cHc=")),
    plain("a server without a scheme is one without TLS", url="$PLAIN", sent=Sent("plain")),
    plain("so even with a CA", url="$PLAIN", cluster={"certificate-authority": "$ONE_CA"}, sent=Sent("plain")),
    plain(
        "so even with insecure-skip-tls-verify",
        url="$PLAIN",
        cluster={"insecure-skip-tls-verify": True},
        sent=Sent("plain"),
    ),
    plain(
        "so even with a client certificate",
        url="$PLAIN",
        sent=Sent("plain"),
        user={"client-certificate": "$JANE_CERT", "client-key": "$JANE_KEY"},
    ),
    of_cluster("so with --server", TO_ONE, "--server=$PLAIN", sent=Sent("plain")),
    at(PORT_ONE, "TLS without a scheme fails", said="no valid response from the API server http://127.0.0.1"),
]

BY_NAME = OF_NAME | {"server": f"https://{PORT_NAMED}"}
PROXY = {"proxy-url": "http://$PROXY"}
NOWHERE = "http://127.0.0.1:9"


def proxied(why: str, cluster: Document = BY_NAME, login: str = "", **environment: str) -> Row:
    """The server of a name that only the proxy knows."""
    return of_cluster(why, cluster, environment=environment, sent=NAMED, proxied=(PORT_NAMED, login))


def direct(why: str, **environment: str) -> Row:
    """It is not resolved through the proxy, and so not found."""
    return of_cluster(why, BY_NAME, environment=environment, said="its name does not resolve")


def excepted(what: str, *, proxy: bool = False) -> Row:
    make = proxied if proxy else direct
    why = f"NO_PROXY {what!r} is {'not ' if proxy else ''}for api.internal"
    return make(why, https_proxy="http://$PROXY", no_proxy=what)


PROXIES = [
    proxied("proxy-url", BY_NAME | PROXY),
    proxied("proxy-url goes before the environment", BY_NAME | PROXY, https_proxy=NOWHERE),
    proxied("NO_PROXY does not concern proxy-url", BY_NAME | PROXY, no_proxy="*", NO_PROXY="api.internal"),
    proxied("proxy-url with a login", BY_NAME | {"proxy-url": "http://me:p%40w@$PROXY"}, "Basic bWU6cEB3"),
    of_cluster("proxy-url for loopback", TO_ONE | PROXY, sent=ONE, proxied=(PORT_ONE, "")),
    of_cluster("proxy-url with --server", TO_ONE | PROXY, *TO_FLAGS, sent=TWO, proxied=("127.0.0.1:$TWO_PORT", "")),
    of_cluster("proxy-url where nobody listens", TO_ONE | {"proxy-url": NOWHERE}, said="no valid response"),
    of_cluster("proxy-url that is empty", TO_ONE | {"proxy-url": ""}, sent=ONE),
    of_cluster(
        "proxy-url without a scheme",
        TO_ONE | {"proxy-url": "$PROXY"},
        said="proxy-url of the cluster is not a valid proxy URL",
    ),
    of_cluster(
        "proxy-url of another scheme", TO_ONE | {"proxy-url": "ftp://$PROXY"}, said="proxy-url of the cluster is not"
    ),
    proxied("https_proxy", https_proxy="http://$PROXY"),
    proxied("HTTPS_PROXY", HTTPS_PROXY="http://$PROXY"),
    proxied("HTTPS_PROXY goes before https_proxy", HTTPS_PROXY="http://$PROXY", https_proxy=NOWHERE),
    proxied("HTTPS_PROXY without a scheme", HTTPS_PROXY="$PROXY"),
    proxied("HTTPS_PROXY with a login", HTTPS_PROXY="http://me:pw@$PROXY", login="Basic bWU6cHc="),
    direct("HTTP_PROXY is for http", http_proxy="http://$PROXY", HTTP_PROXY="http://$PROXY"),
    direct("there is no ALL_PROXY", all_proxy="http://$PROXY", ALL_PROXY="http://$PROXY"),
    *map(excepted, ("api.internal", "internal", ".internal", "*.internal", "*", "a, API.internal ", PORT_NAMED)),
    *(
        excepted(what, proxy=True)
        for what in (".api.internal", "pi.internal", "api.internal:1", "10.0.0.0/8", "api", ",")
    ),
    of_cluster(
        "a proxy of the environment is not for loopback", TO_ONE, environment={"https_proxy": NOWHERE}, sent=ONE
    ),
    at(
        "https://localhost:$ONE_PORT",
        "nor for localhost",
        environment={"HTTPS_PROXY": NOWHERE},
        sent=replace(ONE, sni="localhost"),
    ),
    of_cluster(
        "NO_PROXY holds networks that do not hold the server",
        INSECURE | {"server": "https://10.1.2.3:$ONE_PORT"},
        environment={"https_proxy": "http://$PROXY", "no_proxy": "10.2.0.0/16,10.1.2.4"},
        sent=ONE,
        proxied=("10.1.2.3:$ONE_PORT", ""),
    ),
]


@pytest.mark.parametrize("row", [*TRUST, *SERVERS, *PROXIES], ids=str)
def test_as_kubectl(row, cast, tmp_path):
    agree(row, cast, tmp_path)


def test_without_a_ca_the_systems_are_trusted(cast, tmp_path):
    # Go reads the variable too.
    row = of_cluster("system", {"server": "$ONE"}, environment={"SSL_CERT_FILE": "$ONE_CA"}, sent=ONE)
    agree(row, cast, tmp_path)


@pytest.mark.parametrize(
    ("cluster", "flag", "sent"),
    [
        (INSECURE, "--insecure-skip-tls-verify=true", ONE),
        (INSECURE, "--insecure-skip-tls-verify=false", ONE),
        ({"server": "$ONE"}, "--insecure-skip-tls-verify=true", ONE),
        ({"server": "$ONE"}, "--insecure-skip-tls-verify=false", None),
    ],
)
def test_switches_accept_a_value(cast, tmp_path, cluster, flag, sent):
    agree(of_cluster("pflag: a bool may be given its value", cluster, flag, sent=sent, said=UNTRUSTED), cast, tmp_path)


def test_a_socks_proxy_is_spoken_to(cast, tmp_path):
    with SocksProxy() as proxy:
        row = of_cluster("socks", TO_ONE | {"proxy-url": f"socks5://{proxy.address}"}, sent=ONE)
        agree(row, cast, tmp_path)
    assert {host for host, _ in proxy.resolved} == {"127.0.0.1"}
    # kubectl's connection, too, where there is one.
    assert len(proxy.resolved) >= 1 + bool(KUBECTL)
