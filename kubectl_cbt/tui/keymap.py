"""The user's own keys: read from the settings, checked, and shown in place of the defaults.

Loads no Textual, whose names of keys it uses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubectl_cbt.tui.keys import BROWSE_KEYS, MAP_KEYS, TIMELINE_KEYS, Key, KeyGroup

Keymap = Mapping[str, tuple[str, ...]]
"""Keys in Textual's notation, by the ``id`` of their action; an action that is missing has its default keys."""

_SCREENS = (MAP_KEYS, BROWSE_KEYS, TIMELINE_KEYS)
_RESERVED = "ctrl+c"
"""Quits on every screen, whatever the settings are."""
_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_SPECIAL = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "insert": "Ins",
    "delete": "Del",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Bksp",
    "escape": "Esc",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
"""Keys without a character: how each is shown."""
_MODIFIERS = ("ctrl", "alt", "shift")


def _name_of(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


_CHARACTERS = {_name_of(chr(code)): chr(code) for code in range(33, 127)}


def actions() -> dict[str, Key]:
    """All actions that have keys, by id; one that several screens have is listed once."""
    return {key.id: key for groups in _SCREENS for group in groups for key in group.keys}


def key_name(text: str) -> str:
    """A key in Textual's notation.

    Args:
        text: a character, or a name of Textual's, with ``ctrl+``, ``alt+`` or ``shift+`` before it (untrusted).

    Raises:
        ValueError: there is no such key.
    """
    *modifiers, base = [text] if len(text) == 1 else text.split("+")
    name = _name_of(base) if len(base) == 1 and base.isprintable() and base != " " else base
    is_known = name in _SPECIAL or name in _CHARACTERS or (len(base) == 1 and base.isalnum())
    if not is_known or not set(modifiers) <= set(_MODIFIERS):
        raise ValueError(f"{text!r} is not a key")
    return "+".join([*modifiers, name])


def shown_key(name: str) -> str:
    """A key as the screens show it."""
    *modifiers, base = name.split("+")
    shown = _SPECIAL.get(base) or _CHARACTERS.get(base, base)
    return "-".join([*(modifier.title() for modifier in modifiers), shown.upper() if modifiers else shown])


def remapped(groups: Sequence[KeyGroup], keymap: Keymap) -> tuple[KeyGroup, ...]:
    """The groups with the user's keys."""
    return tuple(replace(group, keys=tuple(_remapped(key, keymap) for key in group.keys)) for group in groups)


def valid_keymap(entries: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The entries that can be used, and by id, why the others cannot.

    Args:
        entries: a key or a list of keys by the id of an action (untrusted).
    """
    keymap: dict[str, tuple[str, ...]] = {}
    problems: dict[str, str] = {}
    known = actions()
    for name, value in entries.items():
        try:
            if name not in known:
                raise ValueError("unknown action")
            keymap[name] = _keys_of(value, name)
        except ValueError as error:
            problems[name] = str(error)
    # An entry that is ignored gives its action the default keys back, which another entry may use.
    while clash := next(_clashes(keymap), None):
        name, problem = clash
        problems[name] = problem
        del keymap[name]
    return keymap, problems


def _keys_of(value: Any, action: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{value!r} is not a key or a list of keys")
    names = tuple(dict.fromkeys(map(key_name, texts)))
    if _RESERVED in names and action != "quit":
        raise ValueError(f"{_RESERVED} always quits")
    return names


def _clashes(keymap: Keymap) -> Iterator[tuple[str, str]]:
    """Entries with a key that another action of the same screen has; of two entries the later one."""
    order = list(keymap)
    for groups in _SCREENS:
        owners: dict[str, str] = {}
        for key in (key for group in groups for key in group.keys):
            for name in keymap.get(key.id) or key.keys.split(","):
                other = owners.setdefault(name, key.id)
                if other != key.id:
                    first, last = sorted(
                        (other, key.id),
                        key=lambda action: (action in keymap, order.index(action) if action in keymap else 0),
                    )
                    yield last, f"{name} is a key of {first}"


def _remapped(key: Key, keymap: Keymap) -> Key:
    names = keymap.get(key.id)
    return replace(key, keys=",".join(names), shown=" ".join(map(shown_key, names))) if names else key
