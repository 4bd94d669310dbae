"""Requests in the log of ``-v``: kubectl's lines, nothing secret."""

import json
import re
from collections.abc import Callable

import orjson
import pytest
from conftest import DELTA, run_command
from kubeconfigs import kubectl
from peers import has_kubectl, needs_kubectl

from kubectl_cbt.kube.request_log import RequestLog

URL = "https://127.0.0.1:6443/api"
HEAD = r"I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [a-z_]+\.(go|py)(:\d+)?\] "
"""klog's: month and day, time, thread or process, where."""


@pytest.fixture
def logged() -> Callable[..., list[str]]:
    """What a level writes of a request and its answer, without what klog puts in front."""

    def logged(level: int, body: object = None, answer: bytes = b"{}", **headers: str) -> list[str]:
        entries: list[tuple[str, ...]] = []
        log = RequestLog(level, lambda *lines: entries.append(lines))
        log.request("POST", URL, headers.items(), body)
        log.response("POST", URL, "201 Created", headers.items(), answer)
        log.event("done")
        assert all(re.match(HEAD, entry[0]) for entry in entries)
        return [re.sub(HEAD, "", line) for entry in entries for line in entry]

    return logged


def test_below_level_6_nothing_is_written(logged):
    assert logged(0) == logged(5) == []


def test_at_level_6_a_request_is_a_line(logged):
    line, said = logged(6)
    assert re.fullmatch(f'"Response" verb="POST" url="{URL}" status="201 Created" milliseconds=\\d+', line)
    assert said == "done"


def test_at_level_7_headers_follow_and_credentials_are_masked(logged):
    headers = {
        "authorization": "Bearer se-cret",
        "Proxy-Authorization": "Basic se-cret",
        "cookie": "se-cret",
        "user-agent": "kubectl-cbt",
    }
    first, *rest, end, status, said = logged(7, **headers)
    assert (first, end) == (f'"Request" verb="POST" url="{URL}" headers=<', " >")
    assert rest == [
        "\tAuthorization: Bearer <masked>",
        "\tCookie: <masked>",
        "\tProxy-Authorization: Basic <masked>",
        "\tUser-Agent: kubectl-cbt",
    ]
    assert re.fullmatch(r'"Response" status="201 Created" milliseconds=\d+', status)
    assert said == "done"


def test_at_level_8_the_answers_headers_are_shown_too(logged):
    found = logged(8, Date="today")
    assert found[found.index('"Response" status="201 Created" headers=<') :][1] == "\tDate: today"
    assert any(re.fullmatch(r" > milliseconds=\d+", line) for line in found)
    assert any(re.fullmatch(r'"Response" status="201 Created" headers="" milliseconds=\d+', line) for line in logged(8))


def bodies(lines: list[str]) -> list[str]:
    return [json.loads(line.partition("body=")[2]) for line in lines if " Body" in line]


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"status": {"token": "se-cret"}}, {"status": {"token": "<masked>"}}),
        ({"spec": {"token": "se-cret", "audiences": ["a"]}}, {"spec": {"token": "<masked>", "audiences": ["a"]}}),
        ([{"id_token": "se-cret"}, {"password": "se-cret"}], [{"id_token": "<masked>"}, {"password": "<masked>"}]),
        ({"token": None, "tokens": 1}, {"token": None, "tokens": 1}),
    ],
)
def test_at_level_8_bodies_are_shown_and_tokens_in_them_masked(logged, document, shown):
    lines = logged(8, document, orjson.dumps(document))
    assert [orjson.loads(body) for body in bodies(lines)] == [shown, shown]


def test_text_that_is_not_json_is_shown_unchanged_on_one_line(logged):
    assert bodies(logged(8, None, b'404 "page"\nnot found\xff')) == ["", '404 "page"\nnot found\ufffd']
    assert not any("\n" in line for line in logged(8, None, b"a\nb"))


@pytest.mark.parametrize(("level", "limit"), [(8, 1024), (9, 10240)])
def test_long_bodies_are_truncated_and_the_rest_is_counted(logged, level, limit):
    assert bodies(logged(level, None, b"x" * (limit + 5)))[1] == "x" * limit + " [truncated 5 chars]"
    assert bodies(logged(level, None, b"x" * limit))[1] == "x" * limit
    assert bodies(logged(10, None, b"x" * (limit + 5)))[1] == "x" * (limit + 5)


def test_a_token_in_an_answer_that_was_cut_is_not_shown(logged):
    answer = orjson.dumps({"kind": "TokenRequest", "status": {"token": "se-cret", "expirationTimestamp": "t"}})
    for end in range(len(answer)):
        assert "se-cr" not in "".join(logged(10, None, answer[:end]))


def test_a_token_is_not_shown_where_the_log_itself_cuts_the_body(logged):
    for before in range(1000, 1030):
        answer = orjson.dumps({"a": "x" * before, "token": "se-cret"})
        assert "se-c" not in "".join(logged(8, None, answer))


def test_headers_that_a_server_invents_are_not_shown(logged):
    lines = logged(8, None, b"", **{"X-Auth-Token": "se-cret", "X-Api-Key": "se-cret", "Date": "today"})
    assert "se-cret" not in "".join(lines)
    assert "\tDate: today" in lines


def test_a_credential_that_the_server_repeats_is_not_shown(logged):
    said = b'<p>who is "no form at all"?</p>'
    lines = logged(9, None, said, Authorization="Bearer no-form-at-all", Warning="299 - no-form-at-all")
    assert "no-form-at-all" not in "".join(lines)
    assert "no-form-at-all" not in "".join(
        logged(9, None, b"you sent no-form-at-all", Authorization="Bearer no-form-at-all")
    )


def test_a_login_in_a_url_is_not_shown():
    lines: list[str] = []
    log = RequestLog(7, lines.append)
    log.request("GET", "https://jane:se-cret@127.0.0.1/api", [], None)
    log.response("GET", "https://jane:se-cret@127.0.0.1/api", "failed", [("Location", "https://jane:se-cret@a/")])
    assert "se-cret" not in "".join(lines)


def test_a_log_without_a_listener_is_not_an_error():
    RequestLog(9).request("GET", URL, [], None)


def without_numbers(lines: list[str]) -> list[str]:
    """What differs from one run to the next, and what each program says of itself, taken out."""
    shown = [re.sub(r"milliseconds=\d+", "milliseconds=N", re.sub(HEAD, "", line)) for line in lines]
    own = ("\tUser-Agent:", "\tAccept:", '"Feature gate', '"Config loaded', "Config loaded")
    return [line for line in shown if not line.startswith(own)]


@needs_kubectl
@pytest.mark.parametrize("level", [6, 7])
def test_the_entries_are_kubectls(demo, tmp_path, level):
    path = "/apis/cbt.storage.k8s.io/v1beta1/snapshotmetadataservices"
    theirs = kubectl(tmp_path, demo.kubeconfig, "get", "--raw", path, "-v", str(level)).stderr.splitlines()
    ours = run_command("services", "-v", str(level), cluster=demo).stderr.splitlines()
    assert all(re.match(HEAD, line) for line in (*theirs, *ours) if line[:1] not in ("\t", " "))
    if not has_kubectl(since=33):
        return
    told = without_numbers(theirs)
    assert told
    assert set(told) <= set(without_numbers(ours))
    assert ("\tAuthorization: Bearer <masked>" in ours) is (level == 7)
    assert ("\tAuthorization: Bearer <masked>" in theirs) is (level == 7)


@pytest.mark.parametrize("level", ["6", "9", "10"])
def test_no_token_of_any_kind_reaches_the_log(own_demo, level):
    issued = []
    issue = own_demo.identity.issue

    def remembering(*arguments):
        issued.append(issue(*arguments)[0])
        return issue(*arguments)

    own_demo.identity.issue = remembering
    tokens = []
    own_demo.api.on_request = lambda method, path, headers: tokens.append(
        headers["Authorization"].removeprefix("Bearer ")
    )
    found = run_command(*DELTA, "-o", "name", "-v", level, cluster=own_demo)
    assert found.returncode == 0
    assert '/serviceaccounts/backup-app/token" status="201 Created"' in found.stderr or int(level) > 6
    assert "TokenRequest" in found.stderr or level == "6"
    assert issued
    for token in {*issued, *tokens, own_demo.identity.admin_token}:
        # Neither whole nor one of its parts.
        assert not any(part in found.stdout + found.stderr for part in token.split(".") if len(part) > 30), token[:5]
