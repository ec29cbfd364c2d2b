"""Values as they stand in a comment: shown as they are meant by Markdown, read back without loss.

A backslash before punctuation is Markdown's own escape, so Trello shows the bare character and its editor writes the
same escapes when a person types. Line breaks inside a one-line value appear as a visible sign.
"""

from __future__ import annotations

import re
import unicodedata

EMPTY, UNKNOWN = "-", "?"
BREAK, RETURN, DOT = "⏎", "␍", "·"
BY_NAME = "name:"

_URL = re.compile(r"https?://\S+\Z")
_MARKDOWN = re.compile(r"[\\*`\[<]|~(?=~)|(?<![^\W_])_|_(?![^\W_])")
_ESCAPED = re.compile(rf"\\([!-/:-@\[-`{{-~{DOT}{BREAK}{RETURN}])|([{BREAK}{RETURN}])")
_GROUP = re.compile(r"(.*\s)?\(((?:\\.|[^\\()])+)\)\Z", re.DOTALL)
_NUMBER = re.compile(r"[^\s()]*\d[^\s()]*\Z")


def fold(text: str) -> str:
    """Text for comparing labels and numbers: NFC, trimmed, inner spaces single, without case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def escape(text: str, also: str = "") -> str:
    """Write *text* on one line so that Markdown shows it literally; *also* names further characters to escape."""
    signs = re.escape(f"{BREAK}{RETURN}{also}")
    special = re.compile(rf"[\\{signs}]") if _URL.match(text) else re.compile(rf"{_MARKDOWN.pattern}|[{signs}]")
    escaped = special.sub(lambda found: "\\" + found.group(), text)
    return escaped.replace("\n", BREAK).replace("\r", RETURN)


def unescape(text: str) -> str:
    """Undo :func:`escape`; also what Trello's editor escapes by itself."""
    return _ESCAPED.sub(lambda found: found[1] or ("\n" if found[2] == BREAK else "\r"), text)


def show(value: str | None, also: str = "") -> str:
    """A value as it stands behind its label: empty as ``-``, unknown as ``?``."""
    if value is None:
        return UNKNOWN
    if value in ("", EMPTY, UNKNOWN):
        return EMPTY if value == "" else "\\" + value
    return escape(value, also)


def understand(text: str) -> str | None:
    """The value that :func:`show` showed; None (unknown) also where nothing stands behind a label."""
    text = text.strip()
    if text in ("", UNKNOWN):
        return None
    return "" if text == EMPTY else unescape(text)


def show_reference(value: str | None, name: str) -> str:
    """A reference as ``Anna Berg (E-1042)``; without a known name the bare number where that is unmistakable."""
    if not value:
        return show(value)
    inner = escape(value, "()")
    by_name = [show(value.removeprefix(BY_NAME))] if value.startswith(BY_NAME) else []
    named = [f"{escape(' '.join(name.split()))} ({inner})"] if name.strip() else []
    return next(text for text in (*by_name, *named, inner, f"({inner})") if understand_reference(text) == value)


def understand_reference(text: str) -> str | None:
    """The number in the last parentheses, a bare number, or ``name:<name>`` for the caller to resolve."""
    text = text.strip()
    if text in ("", UNKNOWN):
        return None
    if text == EMPTY:
        return ""
    if group := _GROUP.match(text):
        return unescape(group[2]).strip()
    value = unescape(text)
    return value if _NUMBER.match(text) else f"{BY_NAME}{value}"


def name_beside(text: str) -> str:
    """The human name that stands before a reference's number, "" if none does."""
    group = _GROUP.match(text.strip())
    return unescape((group[1] or "").strip()) if group else ""
