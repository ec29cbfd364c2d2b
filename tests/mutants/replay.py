"""What the tests ask of each function of a pure room, to see where a mutant answers differently.

A plan takes a test a tenth of a second, most of it far away from the mutant. So every call that the tests make is
recorded; a mutant is given the same arguments, and only tests with a call that it answers differently are run. The
others cannot notice it, as the functions depend on nothing but their arguments.
"""

from __future__ import annotations

import copyreg
import pickle
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

Function = Callable[..., Any]
Test = Any

copyreg.pickle(type({}.values()), lambda values: (list, (list(values),)))


@dataclass
class Calls:
    """The calls of one function.

    Attributes:
        variants: the function as it is and its mutants, by name.
        tests: per pickled arguments, the tests that call it with them.
        unseen: tests that call it with something that cannot be pickled.
    """

    variants: dict[str, Function]
    tests: dict[bytes, dict[Test, None]] = field(default_factory=lambda: defaultdict(dict))
    unseen: dict[Test, None] = field(default_factory=dict)


class Recorder:
    """Stands between the tests and the functions of a package until it is told to stop.

    Attributes:
        calls: by the function's name.
        test: the test that runs.
    """

    def __init__(self, package: str) -> None:
        self.calls: dict[str, Calls] = {}
        self.test: Test = None
        for module in [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]:
            for name, variants in vars(module).items():
                if name.startswith("mutants_") and not isgeneratorfunction(variants["_mutmut_orig"]):
                    function = name.removeprefix("mutants_").removesuffix("__mutmut")
                    self.calls[f"{module.__name__}.{function}"] = Calls(dict(variants))
                    variants["_mutmut_orig"] = self._recording(self.calls[f"{module.__name__}.{function}"])

    def _recording(self, calls: Calls) -> Function:
        original = calls.variants["_mutmut_orig"]

        @wraps(original)
        def record(*args: Any, **named: Any) -> Any:
            try:
                calls.tests[pickle.dumps((args, named))][self.test] = None
            except Exception:  # it depends on the object what pickle raises
                calls.unseen[self.test] = None
            return original(*args, **named)

        return record

    def stop(self) -> None:
        """Let the functions be what they were."""
        for function, calls in self.calls.items():
            module, _, name = function.rpartition(".")
            vars(sys.modules[module])[f"mutants_{name}__mutmut"].update(calls.variants)


def answer(function: Function, given: bytes) -> bytes | None:
    """What *function* makes of pickled arguments: its result or error, and the arguments as they are then.

    None if that cannot be pickled.
    """
    args, named = pickle.loads(given)
    try:
        result = function(*args, **named)
    except Exception as error:
        result = type(error).__name__, str(error)
    try:
        return pickle.dumps((result, args, named))
    except Exception:
        return None
