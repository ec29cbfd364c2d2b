"""Run the imitated Trello as a process: ``python include/sandbox/serve_trello.py --port 8902 --database FILE``."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

from sandbox_serving import common_arguments, serve
from trello_server import build_app
from trello_settings import (
    ACCOUNTS,
    COLLABORATORS,
    MEMBERS,
    ORGANIZATIONS,
    TRELLO_KEY,
    TRELLO_SECRET,
    Account,
    TrelloSettings,
)


def _accounts(token: str | None) -> tuple[Account, ...]:
    """The accounts, the integration's with the token that was given."""
    first, *others = ACCOUNTS
    return (replace(first, token=token or first.token), *others)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The part of Trello that the four pairs use.")
    common_arguments(parser, 8902)
    parser.add_argument(
        "--key-env",
        default="SANDBOX_TRELLO_KEY",
        help=f"environment variable with the API key (default: %(default)s; unset: {TRELLO_KEY})",
    )
    parser.add_argument(
        "--secret-env",
        default="SANDBOX_TRELLO_SECRET",
        help=f"environment variable with the key's secret (default: %(default)s; unset: {TRELLO_SECRET})",
    )
    parser.add_argument(
        "--token-env",
        default="SANDBOX_TRELLO_TOKEN",
        help=f"environment variable with the integration's token (default: %(default)s; unset: {ACCOUNTS[0].token})",
    )
    parser.add_argument("--rate-limits", choices=("on", "off"), default="on", help="answer 429 (default: %(default)s)")
    parser.add_argument("--no-caps", action="store_true", help="lift Trello's limits on sizes of workspaces")
    parser.add_argument(
        "--invite-answer",
        choices=("full", "bare", "member"),
        default="full",
        help="whether an invitation answers the organization with members, without, or the member",
    )
    parser.add_argument(
        "--batch-errors", choices=("named", "status"), default="named", help="form of a failed route in a batch"
    )
    return parser


def main() -> None:
    """Read the options and serve until SIGTERM."""
    options = _parser().parse_args()
    if options.no_caps:
        print(
            f"WARNING: Trello's own limits are lifted ({COLLABORATORS} collaborators in a free workspace, {MEMBERS}"
            f" members of an organization, {ORGANIZATIONS} organizations of a member). The real Trello has them.",
            file=sys.stderr,
            flush=True,
        )
    settings = TrelloSettings(
        key=os.environ.get(options.key_env) or TRELLO_KEY,
        secret=os.environ.get(options.secret_env) or TRELLO_SECRET,
        accounts=_accounts(os.environ.get(options.token_env)),
        caps=not options.no_caps,
        rate_limits=options.rate_limits == "on",
        invite_answer=options.invite_answer,
        batch_errors=options.batch_errors,
    )
    serve(build_app(options.database, settings), options.host, options.port)


if __name__ == "__main__":
    main()
