"""An ERP's change notifications, as its profile describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from customerp_trello.errors import RecordError
from customerp_trello.hooks.answers import at
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile import Notifications
from customerp_trello.mapping.model import Mapping as Pair
from customerp_trello.state.inbox import Delivery
from customerp_trello.webhooks.signatures import matches, sha256_signature


@dataclass(frozen=True)
class CustomERPSender:
    """The ERP behind one connection, how it tells of changes, and the pairs that are synced over the connection."""

    hook: CustomERPHook
    pairs: tuple[Pair, ...]
    speech: Notifications

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the notification is the ERP's."""
        expected = sha256_signature(self.hook.settings.webhook_secret, body, self.speech.encoding)
        return matches(headers.get(self.speech.signature), self.speech.prefix + expected)

    def ours(self, headers: Mapping[str, str]) -> bool:
        """Whether it is the echo of a write of ours; False where the ERP does not tell."""
        client = self.speech.client
        value = self.hook.profile.headers.get(client) if client else None
        return bool(client and value) and headers.get(client or "") == value

    def deliveries(self, headers: Mapping[str, str], body: bytes) -> list[Delivery]:
        """What goes into the inbox: one row for each pair with such records.

        Raises:
            RecordError: the body does not name the kind of record where the profile says.
        """
        given = headers.get(self.speech.delivery) if self.speech.delivery else None
        delivery_id = (given or hashlib.sha256(body).hexdigest())[:255]
        entity = self._entity(body)
        pairs = [pair.pair for pair in self.pairs if entity in ("", pair.customerp.entity)]
        return [Delivery(self.hook.conn_id, delivery_id, pair, entity, "changed") for pair in pairs]

    def _entity(self, body: bytes) -> str:
        """The kind of record; "" for any."""
        if not self.speech.entity:
            return ""
        try:
            said = at(json.loads(body), self.speech.entity)
        except ValueError:
            said = None
        if not isinstance(said, str):
            raise RecordError(
                f"{self.hook.conn_id}: a notification names no kind of record at {'.'.join(self.speech.entity)}; "
                "correct `notifications.entity` in the profile"
            )
        return self.speech.names.get(said, said)[:255]
