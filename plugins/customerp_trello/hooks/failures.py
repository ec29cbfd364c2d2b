"""What an answer other than success means: status and body in, one of our errors out.

The table is by what to do about it (:mod:`customerp_trello.errors`). Whether a status is about one record or about
the connection depends on the request: a 404 below ``/customers/17`` is a missing record, a 404 for the list itself
is a wrong path in a profile.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RecordStale,
    RetriableError,
    SyncError,
    UnknownOutcome,
)
from customerp_trello.hooks.answers import ABSENT, Answer, Path, at, at_in_texts
from customerp_trello.hooks.redaction import Redactor

RETRIABLE = frozenset({408, 425, 429, 449, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529, 530})
NOT_DONE = frozenset({425, 429})
OVERLOADED = frozenset({429, 503, 529, 530})
REFUSALS = frozenset({400, 409, 413, 414, 422})
LOCKED = 423
# Credentials (419, 440 and 498 tell of an expired session), the path, and what requests look like. Any other 4xx is
# about the record that it comes for, or one record would stop all.
NEVER_ABOUT_A_RECORD = frozenset({401, 403, 404, 405, 406, 407, 410, 415, 419, 428, 440, 498})
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    """What an answer means if its *status* (None: any) fits and *pattern* is found at *at* of its body.

    ``means`` is missing, stale, refused, credentials or later.
    """

    means: str
    status: int | None
    at: Path
    pattern: re.Pattern[str]

    def fits(self, answer: Answer) -> bool:
        """Whether *answer* is such a one."""
        if self.status not in (None, answer.status):
            return False
        return self.pattern.search(_text_at(answer, self.at)) is not None


@dataclass(frozen=True)
class ErrorShape:
    """Where a system puts its message, and which of its statuses are about one record.

    Attributes:
        messages: places of the message in a JSON body; the first one that holds a text counts.
        fields: place of the messages per field: a list of objects, or a map of field to message(s).
        field_key: key of the field's name in the list's objects.
        message_key: key of the message in the list's objects.
        missing: statuses by which the system says that a record is not there.
        refused: statuses that refuse this one record though they usually are about rights.
        wrong_credentials: messages (lower case) that are about the credentials, whatever the status.
        no_route: how a message begins that says that the path itself does not exist; that proves nothing of a record.
        in_body: place that only an error has, where errors come with 200.
        cases: what certain answers mean, before everything else.
    """

    messages: tuple[Path, ...] = (("message",), ("error", "message"), ("error",), ("detail",), ("title",))
    fields: Path | None = None
    field_key: str = "field"
    message_key: str = "message"
    missing: frozenset[int] = frozenset({404, 410})
    refused: frozenset[int] = frozenset()
    wrong_credentials: tuple[str, ...] = ()
    no_route: str = ""
    in_body: Path | None = None
    cases: tuple[Case, ...] = ()


@dataclass
class Call:
    """One request with what its errors need to know.

    Attributes:
        method: HTTP method, upper case.
        url: absolute URL with query.
        where: connection, method and path, for messages; without a query.
        record: what record the path addresses, for messages; "" if none.
        sent: the body as Python values, to be masked in the system's answer.
        body: the body as bytes, None without one.
        headers: headers of this request alone.
        repeatable: True when sending it twice does no more than sending it once.
        uncertain: True once an attempt may have reached the system and its answer was lost.
        waited: True once there was no place within the limits in spite of long waiting; more patience is of no use.
        place: ticket of the place within the limits that the attempt under way has; "" where nobody counts.
        accepted: statuses beside 2xx that the caller makes sense of.
        reads: True for a POST that changes nothing (a list, a look-up).
        renewed: True once the credentials were renewed for this request.
        anonymous: True for a log-in, which goes without credentials.
        recheck: what the request takes for granted, looked at before it is sent once more; raises where it has moved.
    """

    method: str
    url: str
    where: str
    record: str = ""
    sent: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    repeatable: bool = True
    uncertain: bool = False
    waited: bool = False
    place: str = ""
    accepted: frozenset[int] = frozenset()
    reads: bool = False
    renewed: bool = False
    anonymous: bool = False
    recheck: Callable[[], object] | None = None

    @property
    def writes(self) -> bool:
        """Whether the request is meant to change something."""
        return self.method not in ("GET", "HEAD") and not self.reads

    @property
    def path(self) -> str:
        """The URL's path."""
        return urlsplit(self.url).path


def failure(call: Call, answer: Answer, shape: ErrorShape, redactor: Redactor) -> SyncError:
    """Turn an unsuccessful answer into the error to raise.

    A lost answer and a server's breakdown look alike to a write: both are an ``UnknownOutcome``. Only 423, 425 and 429
    say by themselves that nothing was done.
    """
    message, fields = read_message(answer, shape, redactor, call.sent)
    status = answer.status
    said = f"{call.where}: HTTP {status}: {message.rstrip('.')}"
    if case := next((case for case in shape.cases if case.fits(answer)), None):
        return _by_case(call, case.means, said, fields, answer)
    if status in RETRIABLE:
        wait = retry_after(answer) if status in OVERLOADED else None
        if call.writes and status not in NOT_DONE:
            return UnknownOutcome(f"{said}. Whether it was done is not known: look before writing.", retry_after=wait)
        return RetriableError(f"{said}. It may go through later.", retry_after=wait)
    if message.lower() in shape.wrong_credentials:
        return ConfigurationError(f"{said}. Check the credentials in the connection.")
    if shape.no_route and message.startswith(shape.no_route):
        return FatalError(f"{said}. There is no such path; the API may have changed.")
    if call.record and status == LOCKED:
        return RetriableError(f"{said}. Nothing was done; it may go through later.", retry_after=retry_after(answer))
    if call.record and (error := _about_record(call, status, said, fields, shape)):
        return error
    return _about_connection(status, said, answer)


def is_error(answer: Answer, shape: ErrorShape) -> bool:
    """Whether an answer is an error: by its status, or by what its body says in spite of it."""
    if not 200 <= answer.status < 300:
        return True
    if shape.in_body is None or not answer.text.strip():
        return False
    try:
        return at(answer.json(), shape.in_body) not in (ABSENT, None)
    except ValueError:
        return False


def _by_case(call: Call, means: str, said: str, fields: dict[str, str], answer: Answer) -> SyncError:
    what = call.record or "record"
    match means:
        case "missing":
            return RecordMissing(f"{said}. The {what} is not there, or not for these credentials.", fields=fields)
        case "stale" if call.uncertain:
            return UnknownOutcome(f"{said}. An earlier attempt may have been done: look before writing.")
        case "stale":
            return RecordStale(f"{said}. The {what} was changed since it was read: read it again.", fields=fields)
        case "refused" if call.record:
            return RecordError(f"{said}. The {what} was refused: correct the named values.", fields=fields)
        case "later" if call.writes and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = retry_after(answer)
            return UnknownOutcome(f"{said}. Whether it was done is not known: look before writing.", retry_after=wait)
        case "later":
            return RetriableError(f"{said}. It may go through later.", retry_after=retry_after(answer))
        case "credentials":
            return ConfigurationError(f"{said}. Check the credentials in the connection and their rights.")
    return ConfigurationError(f"{said}. Check the connection's host and what the profile or mapping asks for.")


def _text_at(answer: Answer, path: Path) -> str:
    if not path:
        return answer.text
    try:
        found = at_in_texts(answer.json(), path)
    except ValueError:
        return ""
    return "" if found in (ABSENT, None) else str(found)


def _about_record(
    call: Call, status: int, said: str, fields: dict[str, str], shape: ErrorShape
) -> RecordError | UnknownOutcome | None:
    if status == 412:
        if call.uncertain:  # the version may have moved by our own lost write
            return UnknownOutcome(f"{said}. An earlier attempt may have been done: look before writing.")
        return RecordStale(f"{said}. The {call.record} was changed since it was read: read it again.", fields=fields)
    if status in shape.missing:
        return RecordMissing(f"{said}. The {call.record} is not there, or not for these credentials.", fields=fields)
    if status in REFUSALS or status in shape.refused:
        return RecordError(f"{said}. The {call.record} was refused: correct the named values.", fields=fields)
    if 400 <= status < 500 and status not in NEVER_ABOUT_A_RECORD:
        return RecordError(f"{said}. The {call.record} was refused, for a reason of the system's own.", fields=fields)
    return None


def _about_connection(status: int, said: str, answer: Answer) -> SyncError:
    if 300 <= status < 400:
        target = answer.headers.get("Location", "")
        host = re.sub(r"^(\w+://[^/?#]*@?[^/?#]*).*", r"\1", target) if "://" in target else "another path"
        host = re.sub(r"//[^/]*@", "//", host)
        return ConfigurationError(f"{said}. It redirects to {host}: put the final URL into the connection.")
    if status == 428:
        return ConfigurationError(f"{said}. The system wants conditional writes: set `concurrency` in the profile.")
    if status in (401, 403, 407):
        return ConfigurationError(f"{said}. Check the credentials in the connection and their rights.")
    if status in (404, 405, 406, 410, 415) or status in REFUSALS:
        return ConfigurationError(f"{said}. Check the connection's host and what the profile or mapping asks for.")
    return FatalError(f"{said}. No such answer is known here; the API may have changed.")


def read_message(answer: Answer, shape: ErrorShape, redactor: Redactor, sent: Any = None) -> tuple[str, dict[str, str]]:
    """Return the system's own message and its messages per field, both fit to be shown."""
    if answer.is_html:
        title = _TITLE.search(answer.text)
        return redactor.text(f"a web page ({title.group(1)})" if title else "a web page", sent=sent), {}
    try:
        body = answer.json()
    except ValueError:
        return redactor.text(answer.text, sent=sent), {}
    if isinstance(body, str):
        return redactor.text(body, sent=sent), {}
    fields = {name: redactor.text(text, sent=sent) for name, text in _field_messages(body, shape).items()}
    found = (at_in_texts(body, path) for path in shape.messages)
    message = next((text for text in found if isinstance(text, str) and text.strip()), "")
    said = redactor.text(message, sent=sent)
    told = "; ".join(f"{name}: {text}" for name, text in fields.items())
    return redactor.text(" - ".join(part for part in (said, told) if part)) or "no message", fields


def _field_messages(body: Any, shape: ErrorShape) -> dict[str, str]:
    found = at(body, shape.fields) if shape.fields is not None else ABSENT
    if isinstance(found, dict):
        return {str(name): _joined(text) for name, text in found.items()}
    if isinstance(found, list):
        rows = (row for row in found if isinstance(row, dict))
        return {str(row.get(shape.field_key, "")): _joined(row.get(shape.message_key, "")) for row in rows}
    return {}


def _joined(text: Any) -> str:
    return ", ".join(str(part) for part in text) if isinstance(text, list) else str(text)


def retry_after(answer: Answer) -> float | None:
    """Seconds that the system asks to wait: ``Retry-After``, or Trello's window where nothing remains in it."""
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    if asked:
        return _until(asked, answer.headers.get("Date"))
    windows = [
        int(answer.headers.get(f"x-rate-limit-{scope}-interval-ms", "0") or 0) / 1000
        for scope in ("api-key", "api-token", "member")
        if answer.headers.get(f"x-rate-limit-{scope}-remaining") == "0"
    ]
    return max(windows, default=None)


def _until(moment: str, server_now: str | None) -> float | None:
    try:
        now = parsedate_to_datetime(server_now) if server_now else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(moment) - now).total_seconds())
    except (TypeError, ValueError):
        return None
