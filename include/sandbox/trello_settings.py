"""What can be set about the imitated Trello, and the accounts that exist in it from the start."""

from __future__ import annotations

from dataclasses import dataclass, field

TRELLO_KEY = "sandbox-trello-key"
TRELLO_SECRET = "sandbox-trello-secret"  # noqa: S105 (opens nothing but the sandbox)
SCOPES = ("read", "write", "account")
"""What a token can be made for."""

COLLABORATORS, MEMBERS, ORGANIZATIONS = 10, 4000, 850


@dataclass(frozen=True)
class Account:
    """A person with a Trello account and a token for the sandbox's key; ``avatar`` is a picture's hash, "" for none."""

    id: str
    username: str
    full_name: str
    email: str
    token: str
    avatar: str = ""

    @property
    def avatar_url(self) -> str | None:
        """Where the picture is, as Trello writes it."""
        return f"https://trello-members.s3.amazonaws.com/{self.id}/{self.avatar}" if self.avatar else None


# fixed ids, so that the seed and an empty server speak of the same people
INTEGRATION = Account(
    "5f0000000000000000000001",
    "erp_sync",
    "ERP Sync",
    "erp-sync@company.example",
    "sandbox-trello-token",
    avatar="0d3aa7fd6b5f7f8bb3d2d1b0e1c6a901",
)
ANNA = Account(
    "5f0000000000000000000002",
    "annaberg",
    "Anna Berg",
    "anna.berg@company.example",
    "sandbox-token-anna",
    avatar="7c1e5b0a94d2f3a68e07b1c4d5f6a702",
)
BORIS = Account(
    "5f0000000000000000000003", "borispetrov", "Борис Петров", "boris.petrov@company.example", "sandbox-token-boris"
)
CARLA = Account(
    "5f0000000000000000000004", "carlamunoz", "Carla Muñoz", "carla.munoz@customer.example", "sandbox-token-carla"
)
DIMITRA = Account(
    "5f0000000000000000000005", "dimitra", "Δήμητρα Παππά", "dimitra.pappa@elsewhere.example", "sandbox-token-dimitra"
)
ACCOUNTS = (INTEGRATION, ANNA, BORIS, CARLA, DIMITRA)


@dataclass(frozen=True)
class TrelloSettings:
    """What can be set.

    Attributes:
        key: the API key that the accounts' tokens belong to.
        secret: the key's secret, with which deliveries of webhooks are signed.
        accounts: the people who exist from the start.
        caps: whether Trello's hard limits on sizes hold.
        rate_limits: whether 429 is ever answered; the headers are always sent.
        key_limit: requests of one key in ten seconds; likewise ``token_limit`` for a token, and ``member_limit`` for
            a token on ``/1/members/{id}`` in 900 seconds.
        pace: how many times faster these seconds pass, since tests have no quarter of an hour.
        invite_answer: what an invitation or a new role answers. ``full``: the organization with members and
            memberships; ``bare``: the organization alone; ``member``: the member, as the OpenAPI document says.
        batch_errors: ``named`` or ``status``, the two forms in which a batch tells of a failed route.
        webhook_waits: seconds before each further attempt to deliver a webhook.
    """

    key: str = TRELLO_KEY
    secret: str = TRELLO_SECRET
    accounts: tuple[Account, ...] = field(default=ACCOUNTS)
    caps: bool = True
    rate_limits: bool = True
    key_limit: int = 300
    token_limit: int = 100
    member_limit: int = 100
    pace: float = 1.0
    invite_answer: str = "full"
    batch_errors: str = "named"
    webhook_waits: tuple[float, ...] = (30.0, 60.0, 120.0)
