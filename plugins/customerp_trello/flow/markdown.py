"""Texts in the Markdown of a form: what people write into a record must not become a link, an image or a tag."""

from __future__ import annotations


def code(text: str) -> str:
    """A record's text as a span of code, "-" if it is empty."""
    return "`" + (" ".join(text.replace("`", "'").splitlines()) or "-") + "`"


def cell(text: str) -> str:
    """A record's text as a cell of a table."""
    return code(text).replace("|", "\\|")


def plain(text: str) -> str:
    """A sentence of ours, which may hold names of settings."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")
