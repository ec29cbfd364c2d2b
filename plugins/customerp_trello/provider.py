"""What the package adds to Airflow: two connection types with their form fields.

Airflow calls `get_provider_info` in every process that shows or makes connections, so this module imports nothing.
"""

from __future__ import annotations

from typing import Any

_COMMON: dict[str, Any] = {
    "connect_timeout": {
        "label": "Connect time-out (seconds)",
        "description": "How long to wait until the server takes the connection. Default 10.",
        "schema": {"type": ["number", "null"], "minimum": 0.1, "maximum": 3600},
    },
    "read_timeout": {
        "label": "Read time-out (seconds)",
        "description": "How long to wait for the next bytes of an answer. Default 60.",
        "schema": {"type": ["number", "null"], "minimum": 0.1, "maximum": 3600},
    },
    "verify": {
        "label": "Verify certificate",
        "description": "true (default), false, or the path of a file with the certificates to trust.",
        "schema": {"type": ["string", "null"]},
    },
    "webhook_url": {
        "label": "Webhook address",
        "description": "Where the system sends its notifications, exactly as it was told: Airflow's address from "
        "outside, then /customerp-trello/webhooks/ and this connection's id. Empty: none are taken.",
        "schema": {"type": ["string", "null"]},
    },
    "webhook_secret": {
        "label": "Webhook secret",
        "description": "What the notifications are signed with. Trello: the secret that belongs to the API key.",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
}

_CUSTOMERP: dict[str, Any] = {
    "connection-type": "customerp",
    "hook-class-name": "customerp_trello.hooks.customerp.CustomERPHook",
    "hook-name": "CustomERP",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {"host": "Base URL", "login": "Login (if the ERP wants one)", "password": "Token or password"},
        "placeholders": {"host": "https://erp.example.com", "profile": "default"},
    },
    "conn-fields": {
        "profile": {
            "label": "Profile",
            "description": "How this ERP speaks: name of a file in include/customerp, without .yaml. Default: default.",
            "schema": {"type": ["string", "null"]},
        },
        "token_url": {
            "label": "Token URL",
            "description": "Where OAuth 2 tokens are given; only for profiles with that kind of log-in.",
            "schema": {"type": ["string", "null"]},
        },
        **_COMMON,
    },
}

_TRELLO: dict[str, Any] = {
    "connection-type": "trello",
    "hook-class-name": "customerp_trello.hooks.trello.TrelloHook",
    "hook-name": "Trello",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {"host": "Base URL (empty: Trello's own)", "login": "API key", "password": "Token"},
        "placeholders": {"host": "https://api.trello.com", "register_card": "https://trello.com/c/abcd1234"},
    },
    "conn-fields": {
        "staff_workspaces": {
            "label": "Staff workspaces",
            "description": "Ids or short names of the workspaces whose members are employees, separated by commas.",
            "schema": {"type": ["string", "null"]},
        },
        "register_card": {
            "label": "Register card",
            "description": "Id or URL of the card on which every project is a comment.",
            "schema": {"type": ["string", "null"]},
        },
        "requests_per_10_seconds": {
            "label": "Requests per 10 seconds",
            "description": "Trello allows 100 per token (default). Less leaves room for other programs.",
            "schema": {"type": ["integer", "null"], "minimum": 1},
        },
        "writes_in_flight": {
            "label": "Writes in flight",
            "description": "How many records may be written at once. Default 8; 1 writes one after the other.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 64},
        },
        **_COMMON,
    },
}


def get_provider_info() -> dict[str, Any]:
    """Return the package's description for Airflow's provider manager (entry point ``apache_airflow_provider``)."""
    return {
        "package-name": "customerp-trello",
        "name": "CustomERP and Trello",
        "description": "Connections to a company's own ERP and to Trello.",
        "connection-types": [_CUSTOMERP, _TRELLO],
    }
