"""Which flags differ from their defaults: to refuse those without a meaning, and to pass on the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from typing import Any, NamedTuple

from kubectl_cbt.cli.option_groups import flag_name, flags_of
from kubectl_cbt.errors import UsageError

WITHOUT_EFFECT = ("cache_dir", "disable_compression", "match_server_version", "warnings_as_errors")
"""Flags of kubectl that every command accepts and ignores."""


class GivenFlag(NamedTuple):
    """A flag with a value that is not its default.

    Attributes:
        field: its name in the group.
        name: its name on the command line, with the dashes.
    """

    field: str
    name: str
    value: Any

    @property
    def argument(self) -> str:
        """The flag for another command line; a float is a duration in seconds."""
        if self.value is True:
            return self.name
        if isinstance(self.value, float):
            # In all digits: no duration has an exponent.
            return f"{self.name}={f'{self.value:f}'.rstrip('0').rstrip('.')}s"
        return f"{self.name}={self.value}"


def given_flags(*groups: Any) -> Iterator[GivenFlag]:
    """The flags of groups of options that were given, in the order of the groups and their fields."""
    for group in groups:
        given = {field.name for field in fields(group) if getattr(group, field.name) != field.default}
        if not given:
            continue
        for flag in flags_of(type(group)):
            if flag.name in given:
                name = flag_name(flag.annotation.__metadata__[0])
                yield GivenFlag(flag.name, name, getattr(group, flag.name))


def refuse_flags(why: str, *groups: Any, used: Collection[str] = ()) -> None:
    """Refuse flags that a command would ignore.

    Args:
        why: follows the name of the flag in the error.
        used: fields of flags that have a meaning.

    Raises:
        UsageError: one was given.
    """
    for flag in given_flags(*groups):
        if flag.field not in used and flag.field not in WITHOUT_EFFECT:
            raise UsageError(f"{flag.name} {why}")
