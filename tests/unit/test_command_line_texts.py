"""Bytes that are not UTF-8 are one usage error, whatever flag or argument they are given to."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
from conftest import command_environment, run_warm

from kubectl_cbt.cli.app import _FUNCTIONS, _MODULES, _VERBS
from kubectl_cbt.cli.option_groups import expand_option_groups, flags_of
from kubectl_cbt.cli.options import ClusterFlags
from kubectl_cbt.errors import UsageError

BYTES = "\udcff"
ACCOUNT = "KUBECTL_CBT_SERVICE_ACCOUNT"
FILES = {
    *("kubeconfig", "certificate_authority", "client_certificate", "client_key", "cache_dir"),
    *(
        "token_file",
        "secrets_file",
        "record",
        "file",
        "saved",
        "base_device",
        "target_device",
        "other",
        "left",
        "right",
        "error",
        "recording",
    ),
    *("resume_from", "diff", "files", "part_folder"),
}
"""Names of files may be any bytes; so may the first argument of ``check``, which may be a recording."""


def texts():
    """Each parameter of each verb that takes texts, once: flags that verbs share are the same."""
    seen = set()
    for verb in _VERBS:
        module = import_module(f"kubectl_cbt.cli.{_MODULES.get(verb, verb)}")
        wrapped = expand_option_groups(getattr(module, _FUNCTIONS.get(verb, verb)))
        signature = inspect.signature(wrapped)
        for parameter in signature.parameters.values():
            kind = getattr(parameter.annotation, "__origin__", parameter.annotation)
            info = getattr(parameter.annotation, "__metadata__", (None,))[0]
            is_text = "str" in str(kind) and getattr(info, "parser", None) is None
            if is_text and parameter.name not in FILES and (parameter.name, info.help) not in seen:
                seen.add((parameter.name, info.help))
                yield pytest.param(wrapped, signature, parameter, "list" in str(kind), id=f"{verb} {parameter.name}")


@pytest.mark.parametrize(("verb", "signature", "parameter", "repeats"), list(texts()))
def test_every_text_that_is_not_utf_8_is_refused_before_anything_is_done(verb, signature, parameter, repeats):
    given = {name: None if one.default is one.empty else one.default for name, one in signature.parameters.items()}
    given[parameter.name] = ["good", BYTES] if repeats else BYTES
    with pytest.raises(UsageError, match=r"^(--[a-z-]+|[A-Z]+) is not UTF-8, as every name and text of Kubernetes is$"):
        verb(**given)


@pytest.mark.parametrize(
    ("arguments", "environment", "what"),
    [
        (("rbac", "-n", BYTES), {}, "--namespace"),
        (("allocated", BYTES), {}, "SNAPSHOT"),
        (("allocated", "x"), {"CSI_ENDPOINT": f"unix:///{BYTES}"}, "CSI_ENDPOINT"),
        (("check", "x", "--server", "http://127.0.0.1:9"), {ACCOUNT: BYTES}, ACCOUNT),
    ],
)
def test_the_error_names_what_held_the_bytes(arguments, environment, what):
    ran = run_warm(list(arguments), command_environment(KUBECONFIG="/nonexistent", **environment))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"error: {what} is not UTF-8, as every name and text of Kubernetes is\n"


def test_every_login_flag_is_in_the_page_on_connecting():
    page = (Path(__file__).parents[2] / "docs" / "connecting.md").read_text(encoding="utf-8")
    options = [flag.annotation.__metadata__[0] for flag in flags_of(ClusterFlags)]
    names = {name for option in options for name in (option.default, *option.param_decls) if isinstance(name, str)}
    flags = {name for name in names if name.startswith("--")} - {"--demo", "--demo-volumes", "--seed", "--fault"}
    assert len(flags) > 15
    assert {flag for flag in flags if f"{flag}`" not in page and f"{flag} " not in page} == set()
