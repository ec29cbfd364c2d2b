"""Command line of the local stack: `PYTHONPATH=include python -m demo` and a command; see the Makefile."""

import argparse
import sys
from pathlib import Path

from demo import control
from demo.errors import AirflowApiError, StackError
from demo.layout import DEFAULT_HOME
from demo.qa import QA_HOME, qa
from demo.story import DEMO_HOME, demo


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description="The two sandbox systems and a real Airflow.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("demo", "watch four DAGs keep the two systems in sync, then stop everything"),
        ("qa", "edit every property on both sides and tick the checklist"),
        ("up", "start in the background and say how to log in"),
        ("serve", "run in the foreground until Ctrl-C"),
        ("doctor", "say whether what runs lacks anything"),
        ("down", "end it, and the demo and the checklist should they run, and check that nothing is left"),
    ):
        command = commands.add_parser(name, help=text)
        default = {"demo": DEMO_HOME, "qa": QA_HOME, "down": None}.get(name, DEFAULT_HOME)
        command.add_argument("--home", type=Path, default=default, help="directory for everything it writes")
        if name not in ("down", "doctor"):
            command.add_argument("--port", type=int, help="port of the web page; without it 8080, or any free one")
    return parser.parse_args()


def main() -> int:
    """Run one command and return its exit status."""
    arguments = _arguments()
    try:
        if arguments.command in ("demo", "qa"):
            return (demo if arguments.command == "demo" else qa)(arguments.home, arguments.port)
        if arguments.command == "down":
            return control.down(*([arguments.home] if arguments.home else (DEFAULT_HOME, DEMO_HOME, QA_HOME)))
        if arguments.command == "doctor":
            return control.doctor(arguments.home)
        start = control.up if arguments.command == "up" else control.serve
        return start(arguments.home, arguments.port)
    except (StackError, AirflowApiError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
