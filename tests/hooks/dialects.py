"""An ERP with a dialect of its own: a scripted server, and a profile made of the parts that a test is about."""

from __future__ import annotations

from collections.abc import Callable

from customerp_trello.hooks.customerp import CustomERPHook

MakeHook = Callable[..., CustomERPHook]
