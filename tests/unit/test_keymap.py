"""The user's own keys: how they are named, which are refused, and how they are shown."""

import pytest
from textual.keys import KEY_NAME_REPLACEMENTS

from kubectl_cbt.tui.keymap import _RENAMED, actions, key_name, remapped, shown_key, valid_keymap
from kubectl_cbt.tui.keys import BROWSE_KEYS, MAP_KEYS


def test_an_action_of_both_screens_has_the_same_keys_on_both():
    for groups in (MAP_KEYS, BROWSE_KEYS):
        found = [key for group in groups for key in group.keys]
        assert len({key.id for key in found}) == len(found)
        assert [(key.id, key.keys) for key in found if key.keys != actions()[key.id].keys] == []


def test_every_default_key_has_a_valid_name_that_is_shown_as_in_the_table():
    for key in actions().values():
        names = key.keys.split(",")
        assert [key_name(name) for name in names] == names
        assert key.shown == " ".join(map(shown_key, names)) or key.id == "zoom_in"


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("a", "a", "a"),
        ("A", "A", "A"),
        ("é", "é", "é"),
        ("+", "plus", "+"),
        (",", "comma", ","),
        ("-", "minus", "-"),
        ("@", "at", "@"),
        ("question_mark", "question_mark", "?"),
        ("f5", "f5", "F5"),
        ("ctrl+l", "ctrl+l", "Ctrl-L"),
        ("shift+up", "shift+up", "Shift-↑"),
    ],
)
def test_a_key_is_a_character_or_a_name(text, name, shown):
    assert key_name(text) == name
    assert shown_key(name) == shown


def test_characters_are_named_as_textual_names_them():
    assert _RENAMED == KEY_NAME_REPLACEMENTS


@pytest.mark.parametrize("text", ["", " ", "zz", "f99", "hyper+a", "ctrl+", "\x1b", "a,b"])
def test_anything_else_is_not_a_key(text):
    with pytest.raises(ValueError, match="is not a key"):
        key_name(text)


@pytest.mark.parametrize(
    ("entries", "keymap", "problems"),
    [
        ({"next_layer": "L"}, {"next_layer": ("L",)}, {}),
        ({"quit": ["Q", "ctrl+c", "Q"]}, {"quit": ("Q", "ctrl+c")}, {}),
        ({"next_layer": "p", "next_palette": "a"}, {"next_layer": ("p",), "next_palette": ("a",)}, {}),
        ({"zoom": "Z"}, {}, {"zoom": "unknown action"}),
        ({"next_layer": 3}, {}, {"next_layer": "3 is not a key or a list of keys"}),
        ({"next_layer": []}, {}, {"next_layer": "[] is not a key or a list of keys"}),
        ({"next_layer": "p"}, {}, {"next_layer": "p is a key of next_palette"}),
        ({"next_layer": "Y", "export": "Y"}, {"next_layer": ("Y",)}, {"export": "Y is a key of next_layer"}),
        ({"export": "Y", "next_layer": "Y"}, {"export": ("Y",)}, {"next_layer": "Y is a key of export"}),
        ({"mark": "ctrl+c"}, {}, {"mark": "ctrl+c always quits"}),
        # The default key that an ignored entry gives back.
        (
            {"next_layer": "z", "next_palette": "a"},
            {},
            {"next_layer": "z is a key of zoom_to_cell", "next_palette": "a is a key of next_layer"},
        ),
    ],
)
def test_entries_that_cannot_be_used_are_ignored(entries, keymap, problems):
    assert valid_keymap(entries) == (keymap, problems)


def test_the_same_key_may_do_different_things_on_different_screens():
    assert valid_keymap({"open_delta": "e"}) == ({"open_delta": ("e",)}, {})


def test_changed_keys_are_shown_in_place_of_the_defaults():
    found = {key.id: key for group in remapped(MAP_KEYS, {"next_layer": ("l", "f2")}) for key in group.keys}
    assert (found["next_layer"].keys, found["next_layer"].shown) == ("l,f2", "l F2")
    assert found["export"] in MAP_KEYS[3].keys
