"""What kubectl's users type without thinking."""

import pytest
from conftest import run_command

from kubectl_cbt.cli.app import help_as_flag, run

WITHOUT_EFFECT = ("--cache-dir", "--disable-compression", "--match-server-version", "--warnings-as-errors")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["help"], ["--help"]),
        (["help", "delta"], ["delta", "--help"]),
        (["help", "demo", "serve"], ["demo", "serve", "--help"]),
        (["delta", "help", "b"], ["delta", "help", "b"]),
        ([], []),
    ],
)
def test_help_is_a_verb_too(typed, meant):
    assert list(help_as_flag(typed)) == meant


def test_help_of_a_verb_prints_its_help():
    ran = run_command("help", "version")
    assert ran.returncode == 0
    assert "kubectl cbt version" in ran.stdout


def test_help_of_an_unknown_verb_is_a_usage_error(capsys):
    assert run(["help", "nope"]) == 2
    assert "no such command 'nope'" in capsys.readouterr().err


def test_flags_of_kubectl_without_effect_are_accepted(capsys):
    flags = ["--cache-dir=/x", "--disable-compression", "--match-server-version=true", "--warnings-as-errors"]
    assert run(["services", "--kubeconfig=/no/such/file", *flags]) == 1
    assert "/no/such/file: no such file" in capsys.readouterr().err


def test_flags_without_effect_are_explained():
    ran = run_command("options")
    assert ran.returncode == 0
    lines = ran.stdout.splitlines()
    assert [line.split()[0] for line in lines if "without effect" in line] == list(WITHOUT_EFFECT)
