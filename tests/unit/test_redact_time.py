"""The time of redaction is proportional to the length of the text, whatever text a server chooses."""

import subprocess
import sys
import time

import pytest

from kubectl_cbt.security.redact import redact_for_publication, redact_message

# Each is what one of the patterns, or one like it, could be slow on.
SEEDS = [
    *("eyJ", "eyJhbGciOiJ", "eyJabcdefgh.", "a", "aB3", "aaaaaaaaaaaaaaaaaaaa.", "a.", "-", "."),
    *("-----BEGIN ", "-----BEGIN A", "-----BEGIN A-----", "-----END A", "-----BEGIN A-----\n-----END "),
    *("LS0tLS1CRUdJTi", "LS0tLS1CRUdJTi\\n", "bearer ", "bearer  ", "bearer a1", "authorization: "),
    *("authorization:bearer ", "authorization", "authorization\\\\", "basic ", "basic YTpi"),
    *("://", "://a@", "://a", "a@", ' user "', 'user "a', '"', '\\"', '"\\', "\\", '""', '"a":', "[", "]"),
    *('"token":', '"token":"', '"token":[', '"token":{"', '"token":"a",', '"kind": ', '"kind":"Secret","data":'),
    *("token", "token=", "token:", "token = ", "token=a ", 'token="', 'token=\\"', "a=", "a =", ": ", " ", "\n"),
    *(
        "--token",
        "--token ",
        "--token -",
        "--token \\\n",
        "--token='",
        '--token \\"',
        "--token\\",
        '"--token", ',
        "--a ",
        "-",
    ),
    *("--token\n", "--a\n ", "--a\\n", "--a\\\\", "<a", "<token>a", "%3D", "a%3D", "token%3Da", "a.key:", "A1Key="),
    *(
        "userKey: |\n",
        "userKey: |\n a\n",
        "userKey: |\n\n",
        "userKey:| ",
        "name:",
        "name:a,",
        "name:a value",
        ".name:TOKEN,value:a",
    ),
    *("-u", " -u", " -u a", " -uu", "-u a:", "--user ", "`-u", "userKey:", "userKey: a ", "sig=", "&sig=a", "%3Dsig"),
    *(
        "token:{",
        "token='{",
        'token=\\"{',
        "token=,",
        "token=a,",
        "token=a)",
        "token=a;b",
        "token:a.",
        "token: a\n",
        "<token>",
    ),
    *("ghp_", "sk-", "sk-a", "xapp-", "glpat-", "AIza", "npm_", "AQA", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE "),
    *(
        "Cookie: ",
        "\nCookie: a",
        'Cookie: ="',
        "token=a\\",
        "token=$",
        "tokenA1",
        "token=='",
        ".ab",
        "hvs.a",
        "\n-",
        "\\n-",
    ),
    *("<masked>", '{"data":{"a":"', "tokentoken_", "\u00e9", "\ud7ff"),
]
REPEATED = [*(("", seed) for seed in SEEDS), ('"', '\\"'), ("bearer", " "), ("://", "a@"), ("a", "."), ("--", "_")]
SMALL, LARGE = 2**14, 2**16
MOST_TIMES, ENOUGH_SECONDS = 10.0, 0.2
"""Four times the text takes four times as long, or sixteen times where it is not linear, which is seconds here."""


def seconds(text: str) -> float:
    """Processor time of this thread: what else runs on the machine does not count."""
    started = time.thread_time()
    redact_for_publication(text)
    redact_message(b"eyJ" + text.encode())
    return time.thread_time() - started


@pytest.mark.parametrize("repeated", REPEATED, ids=repr)
def test_four_times_the_text_takes_about_four_times_as_long(repeated):
    start, seed = repeated
    small, large = (start + seed * (size // len(seed)) + "!" for size in (SMALL, LARGE))
    taken = seconds(large)
    assert taken < ENOUGH_SECONDS or taken < MOST_TIMES * min(seconds(small) for _ in range(3))


RUN = """\
from kubectl_cbt.security.redact import redact_for_publication, redact_message
text = "eyJ" * 2**21
assert redact_for_publication(text) == "<masked>"
assert redact_message(text.encode()) == text.encode()
assert redact_message(text.encode() + b".abcdefgh") == b"*" * (len(text) + 9)
"""


def test_the_longest_message_does_not_stop_a_recording():
    subprocess.run([sys.executable, "-c", RUN], timeout=100, check=True)
