"""Run the CustomERP as a process: ``python include/sandbox/serve_customerp.py --port 8901 --database FILE``."""

from __future__ import annotations

import argparse
import os

from customerp_server import CUSTOMERP_TOKEN, CustomERPSettings, build_app
from sandbox_faults import profiles
from sandbox_serving import common_arguments, serve


def main() -> None:
    """Read the options and serve until SIGTERM."""
    parser = argparse.ArgumentParser(description="An ordinary ERP for the demo and the tests.")
    common_arguments(parser, 8901)
    parser.add_argument(
        "--token-env",
        default="SANDBOX_CUSTOMERP_TOKEN",
        help=f"environment variable with the bearer token (default: %(default)s; unset: {CUSTOMERP_TOKEN})",
    )
    parser.add_argument(
        "--rate-limit",
        type=int,
        default=5000,
        help="requests in ten seconds before 429; 0: none (default: %(default)s)",
    )
    parser.add_argument(
        "--faults",
        action="append",
        default=[],
        metavar="PROFILE",
        help=f"be unreliable: {', '.join(sorted(profiles()))}, or a YAML file of your own; may be given several times",
    )
    options = parser.parse_args()
    token = os.environ.get(options.token_env) or CUSTOMERP_TOKEN
    if unknown := [name for name in options.faults if not name.endswith((".yaml", ".yml")) and name not in profiles()]:
        parser.error(f"no profile of faults {unknown[0]!r}; there are {', '.join(sorted(profiles()))}")
    app = build_app(options.database, CustomERPSettings(token=token, rate_limit=options.rate_limit))
    for name in options.faults:
        app.state.service.faults.follow(name)
    serve(app, options.host, options.port)


if __name__ == "__main__":
    main()
