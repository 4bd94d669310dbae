"""Which files, which context, which cluster and user: row by row the same as the real kubectl."""

import json
import os
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import run_command
from kubeconfigs import (
    ONE,
    TO_ONE,
    TO_TWO,
    TOKEN,
    Document,
    Row,
    Sent,
    agree,
    kubeconfig,
    kubectl,
    lay_out,
    run_ours,
)
from peers import needs_kubectl


def named(kind: str, **entries: Any) -> list[Document]:
    """A kubeconfig's list of what has names."""
    return [{"name": name, kind: entry} for name, entry in entries.items()]


def of_two(current: str = "here", **more: Any) -> Document:
    """A kubeconfig with two of each."""
    contexts = named("context", here={"cluster": "one", "user": "jane"}, there={"cluster": "two", "user": "joe"})
    clusters = named("cluster", one=TO_ONE, two=TO_TWO)
    users = named("user", jane=TOKEN, joe={"token": "token-of-joe"})
    both = {"contexts": contexts, "clusters": clusters, "users": users, "current-context": current}
    return kubeconfig(**(both | more))


TWO = Sent("two", "Bearer token-of-joe")
HERE, THERE = of_two("here"), of_two("there")
IN_TEXT = yaml.safe_dump(HERE)


def merged(why: str, first: Any, second: Any, **more: Any) -> Row:
    """Two files in KUBECONFIG."""
    return Row(why, {"a": first, "b": second}, kubeconfig="a:b", **more)


def broken(why: str, said: str, **more: Any) -> Row:
    """One file that is not a kubeconfig."""
    return Row(why, {"config": kubeconfig(**more)}, said=f"kubeconfig config cannot be used: {said}")


def spoilt(why: str, said: str, kind: str, entry: Any) -> Row:
    """One broken entry among good ones: kubectl decodes a file as a whole, with the types of its fields."""
    entries = [*HERE[f"{kind}s"], {"name": "other", kind: entry}]
    return broken(why, said.replace("…", f'of {kind} "other"'), **{f"{kind}s": entries})


FILES = [
    Row("a kubeconfig is read", {"config": kubeconfig()}, sent=ONE),
    merged("the first file to set current-context wins", THERE, HERE, sent=TWO),
    merged("the first file to set current-context wins, the other way round", HERE, THERE, sent=ONE),
    merged("current-context may stand in the second file only", of_two(""), {"current-context": "there"}, sent=TWO),
    merged(
        "the first file to define a context wins wholly",
        {"contexts": named("context", here={"cluster": "two", "user": "joe"})},
        HERE,
        sent=TWO,
    ),
    merged(
        "the first file to define a user wins wholly",
        {"users": named("user", jane={"token": "x"})},
        kubeconfig(user=TOKEN | {"as": "joe"}),
        sent=Sent("one", "Bearer x"),
    ),
    merged(
        "the first file to define a cluster wins wholly",
        {"clusters": named("cluster", one=TO_ONE)},
        kubeconfig(TO_ONE | {"tls-server-name": "x"}),
        sent=ONE,
    ),
    merged(
        "a context without a user hides one with a user",
        {"contexts": named("context", here={"cluster": "one"})},
        kubeconfig(),
        said="there is no user to log in as",
    ),
    merged(
        "an empty user hides a later one",
        {"users": named("user", jane={})},
        kubeconfig(),
        said='user "jane" has no credentials',
    ),
    merged("lists may be null", {"users": None, "contexts": None, "clusters": None}, kubeconfig(), sent=ONE),
    merged("an empty file says nothing", "", kubeconfig(), sent=ONE),
    merged("a file of comments says nothing", "# nothing\n", kubeconfig(), sent=ONE),
    merged("a broken file is not skipped", kubeconfig(), "clusters: [", said="kubeconfig b cannot be used"),
    merged("a file that is no mapping is broken", kubeconfig(), "hello", said="kubeconfig b cannot be used"),
    merged("a folder is not skipped", kubeconfig(), None, said="kubeconfig b cannot be used: Is a directory"),
    Row("a missing file of KUBECONFIG is skipped", {"b": kubeconfig()}, kubeconfig="a:b", sent=ONE),
    Row("an empty part of KUBECONFIG is skipped", {"b": kubeconfig()}, kubeconfig=":b:", sent=ONE),
    Row("a file that is named twice is read once", {"b": kubeconfig()}, kubeconfig="b:b", sent=ONE),
    Row("without KUBECONFIG it is ~/.kube/config", {".kube/config": kubeconfig()}, kubeconfig="", sent=ONE),
    Row(
        "with KUBECONFIG it is not",
        {".kube/config": kubeconfig()},
        kubeconfig="a",
        said="no kubeconfig found: KUBECONFIG names a, which does not exist",
    ),
    Row("a tilde in KUBECONFIG is left to the shell", {"a": THERE, "b": HERE}, kubeconfig="~/a:b", sent=ONE),
    Row("--kubeconfig goes before KUBECONFIG", {"config": THERE, "b": HERE}, ("--kubeconfig=b",), sent=ONE),
    Row("--kubeconfig has to exist", {"config": HERE}, ("--kubeconfig=no",), said="kubeconfig no: no such file"),
    Row(
        "--kubeconfig is one file",
        {"config": HERE},
        ("--kubeconfig=config:config",),
        said="config:config: no such file",
    ),
    Row("--kubeconfig leaves a tilde to the shell", {"a": HERE}, ("--kubeconfig=~/a",), said="~/a: no such file"),
    Row("--kubeconfig may be empty", {"config": HERE}, ("--kubeconfig=",), sent=ONE),
    Row("a kubeconfig may be JSON", {"config": json.dumps(HERE)}, sent=ONE),
    Row("a kubeconfig may begin with a mark of its byte order", {"config": f"\ufeff{IN_TEXT}"}, sent=ONE),
    Row("a kubeconfig may be UTF-16, as PowerShell writes it", {"config": IN_TEXT}, encoding="utf-16", sent=ONE),
    Row(
        "a tab may stand after a colon and at the end of a line",
        {"config": IN_TEXT.replace("token: token-of-jane", "token:\ttoken-of-jane\t")},
        sent=ONE,
    ),
    Row("an unknown tag is ignored", {"config": IN_TEXT.replace("token-of-jane", "!x token-of-jane")}, sent=ONE),
    Row("binary is decoded", {"config": IN_TEXT.replace("token-of-jane", "!!binary dG9rZW4tb2YtamFuZQ==")}, sent=ONE),
    Row(
        "a time of day and an equals sign are texts",
        {"config": IN_TEXT.replace("token-of-jane", "12:30").replace("token-of-joe", "=")},
        sent=Sent("one", "Bearer 12:30"),
    ),
    Row("a list's entry may be null", {"config": kubeconfig(users=[*HERE["users"], None])}, sent=ONE),
    broken("two of them are two of one name", 'users contains "" twice', users=[None, None, *HERE["users"]]),
    Row(
        "an extension may be null",
        {"config": kubeconfig(TO_ONE | {"extensions": [None]}, context={"extensions": [None]})},
        sent=ONE,
    ),
    spoilt("extensions are a list", "extensions … is not a list", "cluster", {"server": "$ONE", "extensions": {}}),
    broken("no is not a name", "an entry of contexts has no context, or a name", contexts=[{"name": False}]),
    broken("no is not a current-context", "current-context is not a string", **{"current-context": False}),
    broken("no is not a list", "users is not a list", users=False),
    broken("no is not an apiVersion", "apiVersion is not v1", apiVersion=False),
    broken("no is not a user", "an entry of users has no user, or a name", users=[{"name": "x", "user": False}]),
    spoilt("a text is not a plugin", "exec … is not a mapping", "user", {"exec": ""}),
    spoilt("no is not a set of extras", "as-user-extra … does not contain lists", "user", {"as-user-extra": False}),
    Row("infinity makes a file unreadable", {"config": f"{IN_TEXT}x: .inf\n"}, said="it is not YAML (line"),
    Row("a second YAML document is not read", {"config": f"{IN_TEXT}---\n{yaml.safe_dump(THERE)}"}, sent=ONE),
    Row("of two equal keys the last one counts", {"config": f"current-context: there\n{IN_TEXT}"}, sent=ONE),
    Row(
        "a tab is not YAML",
        {"config": f"{IN_TEXT}\tx: 1"},
        said="kubeconfig config cannot be used: it is not YAML (line",
    ),
    Row("a folder is no kubeconfig", {"config": None}, said="kubeconfig config cannot be used: Is a directory"),
    Row(
        "unknown keys are passed over",
        {
            "config": kubeconfig(
                TO_ONE | {"colour": "red"}, TOKEN | {"mood": 1}, {"x": []}, more=1, preferences={"colors": True}
            )
        },
        sent=ONE,
    ),
    Row("neither apiVersion nor kind is needed", {"config": kubeconfig(apiVersion=None, kind=None)}, sent=ONE),
    broken("another apiVersion is another thing", "apiVersion is not v1", apiVersion="v2"),
    broken("another kind is another thing", "kind is not Config", kind="Pod"),
    broken("a list of users is no mapping", "users is not a list", users={"jane": TOKEN}),
    broken("a user's name stands once", 'users contains "jane" twice', users=HERE["users"] * 2),
    broken("a cluster's name stands once", 'clusters contains "one" twice', clusters=HERE["clusters"] * 2),
    broken("a context's name stands once", 'contexts contains "here" twice', contexts=HERE["contexts"] * 2),
    broken("a number is no current-context", "current-context is not a string", **{"current-context": 5}),
    broken("a number is no name", "an entry of users has no user, or a name", users=[{"name": 5, "user": {}}]),
    Row("an entry may lack its name", {"config": kubeconfig(users=[*HERE["users"], {"user": {}}])}, sent=ONE),
    Row("an entry may be null", {"config": kubeconfig(users=[*HERE["users"], {"name": "x", "user": None}])}, sent=ONE),
    spoilt("a number is no token", "token … must be a string: quote it", "user", {"token": 12345}),
    spoilt("zero is no token either", "token … must be a string: quote it", "user", {"token": 0}),
    spoilt("a truth value is no user", "as … must be a string: quote it", "user", {"as": True}),
    spoilt("a number is no namespace", "namespace … must be a string: quote it", "context", {"namespace": 5}),
    spoilt(
        "a text is no truth value",
        "insecure-skip-tls-verify … is neither true nor false",
        "cluster",
        {"server": "$ONE", "insecure-skip-tls-verify": "false"},
    ),
    spoilt("data is base64", "client-key-data … is not base64", "user", {"client-key-data": "%%%"}),
    spoilt("a text is not a list", "as-groups … is not a list of strings", "user", {"as": "x", "as-groups": "x"}),
    spoilt("a number is no group", "as-groups … is not a list of strings", "user", {"as": "x", "as-groups": [1]}),
    spoilt(
        "extras are lists", "as-user-extra … does not contain lists of strings", "user", {"as-user-extra": {"a": "b"}}
    ),
    spoilt("exec is a mapping", "exec … is not a mapping", "user", {"exec": "x"}),
    spoilt("a number is no command", "exec.command … must be a string: quote it", "user", {"exec": {"command": 1}}),
    spoilt("a number is no argument", "exec … has non-string args", "user", {"exec": {"args": [1]}}),
    spoilt(
        "auth-provider.config holds texts",
        "auth-provider.config … does not contain strings",
        "user",
        {"auth-provider": {"name": "oidc", "config": {"client-id": 1}}},
    ),
    Row("a date is a text", {"config": kubeconfig(context={"namespace": date(2026, 11, 24)})}, sent=ONE),
    Row(
        "a value may be left out",
        {"config": kubeconfig(user=TOKEN | {"as": None, "exec": None, "auth-provider": None})},
        sent=ONE,
    ),
]

CONTEXTS = [
    Row("--context", {"config": HERE}, ("--context=there",), sent=TWO),
    Row("--context has to exist", {"config": HERE}, ("--context=x",), said='context "x" does not exist in config'),
    Row("names are case-sensitive", {"config": of_two("HERE")}, said='context "HERE" does not exist'),
    Row("--cluster", {"config": HERE}, ("--cluster=two",), sent=Sent("two", "Bearer token-of-jane")),
    Row("--cluster has to exist", {"config": HERE}, ("--cluster=x",), said='cluster "x" does not exist in config'),
    Row("--user", {"config": HERE}, ("--user=joe",), sent=Sent("one", "Bearer token-of-joe")),
    Row("--user has to exist", {"config": HERE}, ("--user=x",), said='user "x" does not exist in config'),
    Row("--cluster and --user", {"config": HERE}, ("--cluster=two", "--user=joe"), sent=TWO),
    Row(
        "--context, --cluster and --user",
        {"config": HERE},
        ("--context=there", "--cluster=one", "--user=jane"),
        sent=ONE,
    ),
    Row("--cluster and --user make up a context", {"config": of_two("")}, ("--cluster=two", "--user=joe"), sent=TWO),
    Row(
        "--cluster and --token make up a context",
        {"config": of_two("")},
        ("--cluster=two", "--token=x"),
        sent=Sent("two", "Bearer x"),
    ),
    Row("--cluster alone does not", {"config": of_two("")}, ("--cluster=two",), said="there is no user to log in as"),
    # kubectl falls back to http://localhost:8080, which is not served since 1.20. We report what is missing.
    Row("--user alone does not", {"config": of_two("")}, ("--user=joe",), said="config has no current-context"),
    Row("no current-context", {"config": of_two("")}, said="config has no current-context"),
    Row(
        "a context without a cluster", {"config": kubeconfig(context={"cluster": ""})}, said="the cluster has no server"
    ),
    Row(
        "a cluster without a server", {"config": kubeconfig({"certificate-authority": "$ONE_CA"})}, said="has no server"
    ),
    Row("an empty cluster", {"config": kubeconfig({})}, said="the cluster has no server"),
    Row("a context that is null", {"config": kubeconfig(contexts=named("context", here=None))}, said="has no server"),
    Row(
        "a context of an unknown cluster",
        {"config": kubeconfig(context={"cluster": "x"})},
        said='cluster "x" of the context does not exist',
    ),
    Row("current-context has to exist", {"config": of_two("x")}, said='context "x" does not exist in config'),
    Row(
        "current-context has to exist even if nothing of it is used",
        {"config": of_two("x")},
        ("--cluster=one", "--user=joe"),
        said='context "x" does not exist in config',
    ),
    # kubectl asks for a name and a password on its standard input, which clusters no longer accept.
    Row(
        "a context of an unknown user",
        {"config": kubeconfig(context={"user": "x"})},
        said='user "x" of the context does not',
    ),
    Row("a context without a user", {"config": kubeconfig(context={"user": ""})}, said="there is no user to log in as"),
    Row("a user without anything", {"config": kubeconfig(user={})}, said='user "jane" has no credentials'),
    Row(
        "--token makes up for a user that is gone",
        {"config": kubeconfig(context={"user": "x"})},
        ("--token=x",),
        sent=Sent("one", "Bearer x"),
    ),
    Row(
        "--token makes up for none",
        {"config": kubeconfig(context={"user": ""})},
        ("--token=x",),
        sent=Sent("one", "Bearer x"),
    ),
    Row(
        "--server makes up for a cluster that is gone",
        {"config": kubeconfig(context={"cluster": "x"})},
        ("--server=$ONE", "--certificate-authority=$ONE_CA"),
        sent=ONE,
    ),
    Row(
        "an empty flag is none",
        {"config": HERE},
        (
            "--context=",
            "--cluster=",
            "--user=",
            "--server=",
            "--token=",
            "--as=",
            "--as-uid=",
            "--certificate-authority=",
            "--client-certificate=",
            "--client-key=",
        ),
        sent=ONE,
    ),
]


@pytest.mark.parametrize("row", [*FILES, *CONTEXTS], ids=str)
def test_as_kubectl(row, cast, tmp_path):
    agree(row, cast, tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_not_skipped(cast, tmp_path):
    row = merged("", kubeconfig(), kubeconfig(), said="kubeconfig a cannot be used: Permission denied")
    lay_out(row, cast.values, tmp_path)
    (tmp_path / "a").chmod(0)
    ran = run_ours(row, cast, tmp_path)
    assert (ran.code, ran.sent) == (1, [])
    assert row.said in ran.stderr


def test_a_kubeconfig_in_a_folder_that_may_not_be_written_is_read(cast, tmp_path):
    row = Row("", {"config": kubeconfig()})
    lay_out(row, cast.values, tmp_path)
    (tmp_path / "config").chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert run_ours(row, cast, tmp_path).sent == [ONE]
    finally:
        tmp_path.chmod(0o700)


@needs_kubectl
@pytest.mark.parametrize(
    ("flags", "one"),
    [
        ((), "snap-a"),
        (("--context=demo-shop",), "pg-mon"),
        (("-n", "shop"), "pg-mon"),
        (("--namespace=shop",), "pg-mon"),
        (("--context=demo-shop", "-n", "shop"), "pg-mon"),
        (("--context=demo-admin", "-n", "shop", "--as=system:serviceaccount:shop:shop-backup"), "pg-mon"),
        (("-n", "nowhere"), ""),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_the_namespace_is_the_flags_then_the_contexts_then_default(demo, tmp_path, flags, one):
    theirs = kubectl(tmp_path, demo.kubeconfig, "get", "volumesnapshots", "-o", "name", *flags)
    ours = run_command("snapshots", "-o", "name", "--sort-by=.metadata.name", *flags, cluster=demo)
    assert (theirs.returncode, ours.returncode) == (0, 0)
    assert sorted(ours.stdout.splitlines()) == sorted(theirs.stdout.splitlines())
    assert one in ours.stdout
    assert bool(one) is bool(ours.stdout)


def test_a_named_pipe_is_a_kubeconfig_too(cast, tmp_path):
    # bash's <(…); it can be read once only.
    row = Row("", {"text": kubeconfig()}, kubeconfig="pipe")
    lay_out(row, cast.values, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", "cat text > pipe"], cwd=Path(tmp_path)):
        assert run_ours(row, cast, tmp_path).sent == [ONE]
