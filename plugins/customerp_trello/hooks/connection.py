"""What an Airflow connection says, checked: base URL, secrets, time-outs and the keys of its extra.

`HttpHook` sends every extra key that it does not know as an HTTP header; here an unknown key is an error that names
the valid ones, and nothing of the extra is ever sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol
from urllib.parse import urlsplit

from customerp_trello.errors import ConfigurationError

COMMON_KEYS = ("connect_timeout", "read_timeout", "verify", "webhook_url", "webhook_secret")


class AirflowConnection(Protocol):
    """The fields of an Airflow connection that are read here."""

    conn_id: str
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


@dataclass(frozen=True)
class Settings:
    """A connection, ready for use.

    Attributes:
        conn_id: Airflow's id of the connection.
        base_url: scheme, host, port and path, without a slash at the end.
        login: user name or key, "" if none.
        password: password or token, "" if none.
        extra: the extra's keys that hold something, but for the secret.
        connect_timeout: seconds to wait for the connection.
        read_timeout: seconds to wait for the next bytes of the answer.
        verify: whether certificates are checked, or the path of a CA bundle.
        webhook_url: where the system sends its notifications, exactly as it was told; "" if it sends none.
        webhook_secret: what it signs them with, "" if none.
    """

    conn_id: str
    base_url: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: dict[str, Any] = field(default_factory=dict)
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    verify: bool | str = True
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)

    @property
    def takes_webhooks(self) -> bool:
        """Whether notifications are taken: without a secret nobody could tell whose they are."""
        return bool(self.webhook_url and self.webhook_secret)


def read_connection(connection: AirflowConnection, *, keys: Iterable[str], default_host: str = "") -> Settings:
    """Check a connection.

    Args:
        connection: as Airflow gives it.
        keys: extra keys that this kind of connection has beside :data:`COMMON_KEYS`.
        default_host: base URL when the connection names none.

    Raises:
        ConfigurationError: host missing or malformed, login or password with a character that nobody sees, extra no
            JSON object, a key unknown or a value of a wrong type.
    """
    conn_id = connection.conn_id
    extra = _extra(connection, sorted({*keys, *COMMON_KEYS}))
    webhook_secret = str(extra.pop("webhook_secret", ""))
    return Settings(
        conn_id=conn_id,
        base_url=_base_url(connection, default_host),
        login=_credential(conn_id, "login", connection.login),
        password=_credential(conn_id, "password", connection.password),
        extra=extra,
        connect_timeout=_seconds(conn_id, extra, "connect_timeout", 10.0),
        read_timeout=_seconds(conn_id, extra, "read_timeout", 60.0),
        verify=_verify(conn_id, extra),
        webhook_url=_webhook_url(conn_id, extra),
        webhook_secret=webhook_secret,
    )


def _credential(conn_id: str, field_name: str, value: str | None) -> str:
    text = (value or "").strip()
    if not text.replace(" ", "").isprintable():
        raise ConfigurationError(
            f"connection {conn_id}: {field_name} holds a character that cannot be seen, such as a line break or a "
            "zero-width space that was copied along; type it or copy it anew"
        )
    return text


def _extra(connection: AirflowConnection, valid: list[str]) -> dict[str, Any]:
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigurationError(f"connection {connection.conn_id}: extra must be a JSON object with keys of {valid}")
    for key in extra:
        if key not in valid:
            close = get_close_matches(key, valid, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigurationError(
                f"connection {connection.conn_id}: unknown extra key {key!r}{hint}; valid keys: {', '.join(valid)}"
            )
    return {key: value for key, value in extra.items() if value not in (None, "", [])}


def _base_url(connection: AirflowConnection, default_host: str) -> str:
    host = (connection.host or default_host).strip()
    where = f"connection {connection.conn_id}: host"
    if not host:
        raise ConfigurationError(f"{where} is empty; give the base URL, such as https://erp.example.com")
    url = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    try:
        parts = urlsplit(url)
        port = parts.port or connection.port
    except ValueError:
        raise ConfigurationError(f"{where} is no URL; give one such as https://erp.example.com") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{where} must be an http or https URL, such as https://erp.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"{where} must hold neither user, password, query nor fragment; use the other fields")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _seconds(conn_id: str, extra: dict[str, Any], key: str, default: float) -> float:
    try:
        seconds = float(extra.get(key, default))
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ConfigurationError(f"connection {conn_id}: extra key {key!r} must be seconds, above 0 and at most 3600")
    return seconds


def _verify(conn_id: str, extra: dict[str, Any]) -> bool | str:
    verify = extra.get("verify", True)
    if isinstance(verify, str) and verify.lower() in ("true", "false"):
        return verify.lower() == "true"
    if isinstance(verify, bool | str):
        return verify
    raise ConfigurationError(f"connection {conn_id}: extra key 'verify' must be true, false or the path of a CA bundle")


def _webhook_url(conn_id: str, extra: dict[str, Any]) -> str:
    url = str(extra.get("webhook_url", ""))
    if url and not url.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"connection {conn_id}: extra key 'webhook_url' must be the whole address under which the system reaches "
            f"Airflow, such as https://airflow.example.com/customerp-trello/webhooks/{conn_id}"
        )
    return url


def check_fit_for_header(settings: Settings) -> None:
    """Refuse credentials that HTTP cannot carry in a header as they are.

    Raises:
        ConfigurationError: login or password holds a character beyond Latin-1; the field is named, not its value.
    """
    for name, value in (("login", settings.login), ("password", settings.password)):
        if not all(ord(char) < 256 for char in value):
            raise ConfigurationError(
                f"connection {settings.conn_id}: {name} holds a character that no HTTP header can carry; keys and "
                "tokens hardly ever have one: copy it anew"
            )


def whole_number(settings: Settings, key: str, default: int) -> int:
    """Return the whole number above zero that the extra holds below *key*."""
    value = settings.extra.get(key, default)
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise ConfigurationError(f"connection {settings.conn_id}: extra key {key!r} must be a whole number above 0")
    return number


def texts(settings: Settings, key: str) -> list[str]:
    """Return the texts that the extra holds below *key*: a list, or one text with commas or line breaks."""
    value = settings.extra.get(key, [])
    items = value.replace("\n", ",").split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ConfigurationError(f"connection {settings.conn_id}: extra key {key!r} must be a list of texts")
    return [item.strip() for item in items if item.strip()]
