"""A home to begin anew in: the demo and the checklist start from nothing."""

import shutil

from demo.layout import Layout
from demo.processes import end_leftovers


def clear(layout: Layout) -> None:
    """Start from nothing: remove what an earlier one has left, and end it should it have been killed."""
    layout.prepare()
    claimed = layout.lock()
    try:
        end_leftovers(str(layout.home))
        for entry in layout.home.iterdir():
            if entry.name != "lock":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    finally:
        claimed.close()
