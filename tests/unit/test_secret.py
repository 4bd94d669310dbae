"""A secret is revealed only by an explicit call."""

import copy
import io
import json
import logging
import pickle
import traceback
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from kubectl_cbt.errors import CbtError, TokenUnavailable
from kubectl_cbt.security.secret import Secret

TEXT = "eyJhbGciOi-very-secret-token"
SECRET = Secret(TEXT)


@dataclass(frozen=True)
class Holder:
    """Something that carries a token along."""

    name: str
    token: Secret


SHOWN = {
    "repr": repr(SECRET),
    "str": str(SECRET),
    "ascii": ascii(SECRET),
    "f-string": f"{SECRET}",
    "f-string of repr": f"{SECRET!r}",
    "f-string of str": f"{SECRET!s}",
    "f-string with a width": f"{SECRET:>60}",
    "f-string with a precision": f"{SECRET:.100}",
    "f-string with equals": f"{SECRET=}",
    "format": format(SECRET, "s"),
    "str.format": "{0} {0!r} {0!a:>80}".format(SECRET),  # noqa: UP032  # the form is what is tested
    "percent s": "%s" % SECRET,  # noqa: UP031  # as logging does it
    "percent r": "%r" % SECRET,  # noqa: UP031
    "join": " ".join(map(str, [SECRET])),
    "list": str([SECRET]),
    "dict": str({"token": SECRET}),
    "nested": repr(({"a": [SECRET]},)),
    "dataclass": repr(Holder("x", SECRET)),
    "exception": str(ValueError(SECRET)) + repr(ValueError(SECRET)),
    "our error": str(TokenUnavailable(f"no token: {SECRET}")),
    "rich": pretty_repr({"token": SECRET, "holder": Holder("x", SECRET)}),
    "dir": str(dir(SECRET)),
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_a_secret_is_not_shown_by(shown):
    assert TEXT not in shown
    assert TEXT[:8] not in shown


@pytest.mark.parametrize("route", ["repr", "str", "f-string", "f-string with a width", "format", "dataclass"])
def test_secrets_are_replaced_by_stars(route):
    assert "Secret(****)" in SHOWN[route]


def test_secrets_of_different_length_look_alike():
    assert repr(Secret("")) == repr(Secret("x")) == repr(Secret("x" * 1000))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [SECRET, Holder("x", SECRET), [SECRET]], ids=["alone", "in a dataclass", "in a list"])
def test_a_secret_is_not_pickled(value, protocol):
    with pytest.raises(TypeError, match="cannot be serialised") as raised:
        pickle.dumps(value, protocol)
    assert TEXT not in str(raised.value)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_secret_is_not_copied(copied):
    with pytest.raises(TypeError, match="cannot be serialised"):
        copied(SECRET)


def test_a_secret_is_not_written_as_json():
    with pytest.raises(TypeError) as raised:
        json.dumps({"token": SECRET})
    assert TEXT not in str(raised.value)


def test_a_secret_has_no_attributes_to_list():
    with pytest.raises(TypeError):
        vars(SECRET)


def test_a_secret_is_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("token %s, %r, %s", SECRET, SECRET, {"token": SECRET})
    assert "Secret(****)" in caplog.text
    assert TEXT not in caplog.text


def fail_with(token: Secret, holder: Holder) -> None:
    raise CbtError(f"cannot use {token} of {holder}")


def raised_error() -> CbtError:
    with pytest.raises(CbtError) as raised:
        fail_with(SECRET, Holder("x", SECRET))
    return raised.value


def test_a_secret_is_not_in_a_traceback_even_with_local_variables():
    error = raised_error()
    text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "token = Secret(****)" in text
    assert TEXT not in text.replace(f"TEXT = '{TEXT}'", "")


def test_a_secret_is_not_in_a_traceback_that_rich_draws_with_local_variables():
    error = raised_error()
    shown = io.StringIO()
    drawn = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
    Console(file=shown, width=200).print(drawn)
    assert "Secret(****)" in shown.getvalue()
    assert TEXT not in shown.getvalue()


def test_a_secret_reveals_its_text_on_request():
    assert SECRET.reveal() == TEXT


@pytest.mark.parametrize(("text", "truth"), [("", False), ("x", True)])
def test_a_secret_is_true_if_it_has_text(text, truth):
    assert bool(Secret(text)) is truth
