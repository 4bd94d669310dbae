r"""Mask the values of names, flags and logins in text that is not JSON, or not only.

The values are quoted or not, and the quotes may be escaped, because the text is in a string of JSON: ``\"``.
The patterns are linear, as those in ``redact.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kubectl_cbt.security.secret_names import (
    MASKED,
    has_several_words,
    is_secret_flag,
    is_secret_name,
    is_signature_name,
)

NO_SECRETS = ("true", "false", "null", "none", "")
"""Values that are not secrets, in lower case."""

_OPENING = r"(\$?+\\*+[\"']?+)"
_NAME = re.compile(
    r"(?<![\w.-])(?:(?<=%)[0-9A-Fa-f]{2})?+([\w.-]++)(\\*+[\"']?+\]?+)"
    rf"(\s{{0,8}}+(?:[:=]{{1,2}}+>?+|%3[AaDd])\s{{0,8}}+){_OPENING}"
)
_ELEMENT = re.compile(r"<([\w.:-]++)>(?=[^<\s])()()()")
_BLANKS = r"(?:\s|\\++[nrt])*+"
_QUOTE_MARK = r"(?:\\*+[\"'])?+"
_VARIABLE = re.compile(
    rf"(?<![A-Za-z])[nN]ame{_QUOTE_MARK}\s*+[:=]\s*+{_QUOTE_MARK}([\w.-]++){_QUOTE_MARK},?+{_BLANKS}{_QUOTE_MARK}"
    rf"([vV]alue{_QUOTE_MARK})(\s*+[:=]\s*+){_OPENING}"
)
_BETWEEN = (
    r"(=|(?:[^\S\r\n]|\\++\r?\n|\\{2,}+[nrt])++(?:-\s++)?+"  # a blank, or a line that continues
    r"|\s*+(?:(?<=\n)\s*+|\\++n\s*+)-\s++"  # the next item of a list in YAML
    r"|\\*+[\"'],?+\s*+(?=\\*+[\"']))"  # the next item of a list in JSON
)
_FLAG = re.compile(rf"(?:(?<![\w.-])|(?<=\\[nrt]))(?:--?|[–—]|\\u201[34])([A-Za-z][\w.-]*+){_BETWEEN}{_OPENING}")
_LOGIN = re.compile(
    r"(?<![^\s\"'`(\[,=])(?:(?:-[A-Za-z]{0,4}?[uU]|--(?:proxy-)?user(?:name)?+)"
    rf"{_BETWEEN}|-u(?=\w)()){_OPENING}([^\s:\"']{{1,128}}+):"
)

_QUOTED = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_QUOTED_IN_SHELL = re.compile(r"[^'\r\n]*+(?:''[^'\r\n]*+)*+")
_QUOTE = re.compile(r"(\\*+)([\"'])|[\r\n]")
_BARE = re.compile(
    r"(?:[^\s\"'\\,;&)}\]<]++"
    r"|<(?!/)"
    r"|[,;&](?![\w.-]*+[=:]|[\s\"'\\]|\Z)"  # not the end of a sentence, and not the next pair of a list
    r"|[)}\]](?![\s,;.:)}\]\"'\\]|\Z)"
    r"|\\++(?![\"'\\nrtu\s])"
    r"|[\"'](?=\w))*+"
)
_BLOCK = re.compile(
    r"[|>][-+0-9]{0,3}+[^\S\r\n]*+"
    r"(?:(?:(?:\r?\n|\\++n)[^\S\r\n]*+)++(?<=[^\S\r\n])(?:[^\r\n\"\\]++|\\++(?![n\"\\]))++)++"
)
"""Indented lines, as YAML writes a text of several lines."""
_ARGUMENT = re.compile(r"(?:[^\s\"'\\]++|\\++(?![\"'\\nrt\r\n]).|[\"'](?=\w))*+")
_OF_HEADER = re.compile(r"(?:[^\r\n\"'\\]++|(?<==)\\*+\"[^\"\r\n]*+\"?+)*+")
_ANOTHER_FLAG = re.compile(r"-(?:[A-Za-z]|-[a-z][a-z0-9-]*+)(?=[\s=]|\Z)")
_KNOWN_SCHEME = re.compile(rf"(?:\w+\s+)?+{MASKED}")
_LAST_ON_LINE = re.compile(r"[^\S\r\n]*+(?:\Z|[\r\n\"'\\])")
_HEADERS = ("cookie", "authorization")
_REASONS = frozenset(
    (
        *("aborted", "bad", "closed", "denied", "disabled", "empty", "eof", "error", "exec", "expired", "failed"),
        *("forbidden", "ignored", "invalid", "malformed", "missing", "none", "ok", "rejected", "required", "revoked"),
        *("timeout", "unauthenticated", "unauthorized", "unavailable", "unknown", "unset", "unsupported", "wrong"),
    )
)
"""What a sentence can end with after the name of a secret: "invalid token: expired"."""
_SENTENCE = frozenset(
    (
        *("and", "are", "as", "by", "can", "cannot", "for", "from", "has", "if", "in", "is", "must", "nor", "not"),
        *("of", "or", "the", "to", "was", "with", "without"),
    )
)
"""Words that follow the name of a flag in a sentence: "--token or --token-file"."""


def mask_named(text: str) -> str:
    """The text without the values of flags, logins and names of secrets."""
    for pattern, end_of_value in (
        (_FLAG, _end_of_argument),
        (_LOGIN, _end_of_password),
        (_ELEMENT, _end_of_named),
        (_VARIABLE, _end_of_named),
        (_NAME, _end_of_named),
    ):
        text = _masked(text, pattern, end_of_value)
    return text


def _masked(text: str, pattern: re.Pattern[str], end_of_value: Callable[[str, re.Match[str]], int]) -> str:
    """Mask what follows each match up to an end; an end at the match means that it is not a secret."""
    parts: list[str] = []
    done = position = 0
    while found := pattern.search(text, position):
        # Of what is not masked, the rest is searched again: a separator may be part of a value.
        position = found.end()
        end = end_of_value(text, found)
        if end > position:
            parts += text[done:position], MASKED
            done = position = end
    return "".join((*parts, text[done:])) if parts else text


def _end_of_argument(text: str, found: re.Match[str]) -> int:
    name, between, opening = found.groups()
    start = found.end()
    if not is_secret_flag(name):
        return start
    if between != "=" and _ANOTHER_FLAG.match(text, start):
        return start
    end = _end(text, start, opening, _ARGUMENT)
    shown = text[start:end]
    is_word = shown in _SENTENCE and not opening and between != "="
    return start if shown == MASKED or is_word else end


def _end_of_password(text: str, found: re.Match[str]) -> int:
    """``user:password`` after ``-u`` or ``--user``; not numbers of a container's user, and not an ARN."""
    start = found.end()
    name, opening = found[4], found[3]
    end = _end(text, start, opening, _ARGUMENT)
    is_id = name.isdigit() and text[start:end].isdigit()
    return start if is_id or name in ("arn", "system") else end


def _end_of_named(text: str, found: re.Match[str]) -> int:
    name, closing, separator, opening = found.groups()
    start = found.end()
    is_assigned = "=" in separator or "%" in separator or not separator
    if not is_secret_name(name) and not (is_assigned and is_signature_name(name)):
        return start
    if opening[-1:] not in ("'", '"') and text[start : start + 1] in ("{", "["):
        return start
    is_data = is_assigned or bool(closing or opening)
    if not is_data and _is_header(text, found, name):
        return start if _KNOWN_SCHEME.match(text, start) else _end_of_match(_OF_HEADER, text, start)
    if not opening and (block := _BLOCK.match(text, start)):
        return block.end()
    end = _end(text, start, opening, _BARE)
    shown = text[start:end]
    if shown == MASKED or shown.lower() in NO_SECRETS:
        return start
    if not is_data and not has_several_words(name) and _may_be_sentence(text, shown, end):
        return start
    return end


def _is_header(text: str, found: re.Match[str], name: str) -> bool:
    """Whether it is a header, whose value has several words: "Authorization: Digest username=…"."""
    before = text[found.start() - 1 : found.start()] if found.start() else "\n"
    return name.lower().endswith(_HEADERS) and (name[0].isupper() or before in "\n\"'")


def _may_be_sentence(text: str, shown: str, end: int) -> bool:
    """Whether it is a word of "invalid token: not valid yet"; a last word is one only if it is a usual reason."""
    word = shown.rstrip(".,:;!?")
    return word.isalpha() and (word.lower() in _REASONS or _LAST_ON_LINE.match(text, end) is None)


def _end(text: str, start: int, opening: str, bare: re.Pattern[str]) -> int:
    """The end of a value that begins with an opening quote, or of a bare one."""
    opening = opening.lstrip("$")
    if opening[-1:] not in ("'", '"'):
        return _end_of_match(bare, text, start)
    if opening == '"':
        return _end_of_match(_QUOTED, text, start)
    if opening == "'":
        return _end_of_match(_QUOTED_IN_SHELL, text, start)
    for quote in _QUOTE.finditer(text, start):
        if quote[2] is None or (quote[2] == opening[-1] and len(quote[1]) < len(opening)):
            return quote.start()
    return len(text)


def _end_of_match(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start
