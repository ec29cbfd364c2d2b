"""A workshop per room: the folder in which mutmut plants its mutants, with the room's tests and nothing else.

mutmut wants sources below ``src`` and takes every test and conftest it finds, so the workshop shows it the package as
``src``, one folder of tests, and a conftest of its own. It is made of links; mutmut copies them.
"""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
WORKSHOPS = PROJECT / ".run" / "mutants"
ROOMS = ("mapping", "reconcile")
PURE = ("reconcile",)
"""Rooms whose functions depend on nothing but their arguments. Their tests take their time, since whole plans are made:
a module is tried by ``test_<module>*.py`` alone, and by what :mod:`replay` finds worth running there."""

_LINKS = {
    "src": "plugins",
    "include/mappings": "include/mappings",
    "include/customerp": "include/customerp",
    "conftest.py": "tests/mutants/few_examples.py",
}
_SETTINGS = """\
[tool.mutmut]
source_paths = ["src/customerp_trello"]
only_mutate = ["src/customerp_trello/{room}/*.py"]
also_copy = ["include", "conftest.py"]

[tool.pytest.ini_options]
addopts = "-q --import-mode=importlib --strict-markers -p no:cacheprovider"
pythonpath = ["tests/{room}"]
filterwarnings = ["ignore::DeprecationWarning"]
"""


def parts_of(room: str) -> list[str]:
    """What is tried at a time: the modules of a pure room, another room as a whole (``*``)."""
    modules = sorted((PROJECT / "plugins" / "customerp_trello" / room).glob("[!_]*.py"))
    return [module.stem for module in modules] if room in PURE else ["*"]


def open_workshop(room: str) -> Path:
    """Make the workshop of a room, or bring it up to date; what mutmut found out there stays.

    Args:
        room: one of :data:`ROOMS`.

    Returns:
        Its folder, the one to start mutmut in.
    """
    folder = WORKSHOPS / room
    for name, target in {**_LINKS, f"tests/{room}": f"tests/{room}"}.items():
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(PROJECT / target)
    (folder / "pyproject.toml").write_text(_SETTINGS.format(room=room), encoding="utf-8")
    return folder
