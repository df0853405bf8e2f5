"""Generators of random numbers that a transform has itself, or finds in its module."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any, TypeAlias

import numpy as np
import torch

_KINDS = (np.random.Generator, np.random.RandomState, random.Random, torch.Generator)
_DEEP = 4
"""How many objects within each other are looked into."""
_MANY = 1000
"""How many objects are looked into, and how many items of a container."""
_CODE = ("torch", "numpy", "cv2", "mmcv", "mmengine", "mmseg", "builtins", "random", "mmlhl")
"""Packages whose own objects are not looked into."""

Generator: TypeAlias = np.random.Generator | np.random.RandomState | random.Random | torch.Generator


def own_generators(step: object) -> list[Generator]:
    """Generators that a transform can draw from, apart from those of Python, numpy and torch.

    Returns:
        Those in its attributes, in the variables of functions and modules that its code names, and
        in objects in these; each once.
    """
    return list(_found(step, _DEEP, set(), _MANY))


def named_generators(users: Iterable[object], seen: set[int]) -> list[Any]:
    """Generators, and objects with a ``set_random_seed``, that code of a user's own names.

    Args:
        users: Transforms, functions and other objects; what libraries bring is not looked into.
        seen: Identities of objects that are known already; more are added.
    """
    found: list[Any] = []
    most = len(seen) + _MANY
    for user in users:
        if seeder(user) is None:
            seen.discard(id(user))
            found += _found(user, _DEEP + 1, seen, most, seeded=True)
    return found


def states(generators: Iterable[Generator]) -> list[Any]:
    """What :func:`put_back` needs to restore generators."""
    return [
        each.bit_generator.state
        if isinstance(each, np.random.Generator)
        else each.getstate()
        if isinstance(each, random.Random)
        else each.get_state()
        for each in generators
    ]


def put_back(generators: Iterable[Generator], before: Sequence[Any]) -> None:
    """Restore generators.

    Args:
        generators: The generators.
        before: What :func:`states` gave for them.
    """
    for each, state in zip(generators, before, strict=True):
        if isinstance(each, np.random.Generator):
            each.bit_generator.state = state
        elif isinstance(each, random.Random):
            each.setstate(state)
        else:
            each.set_state(state)


def seed_all(generators: Iterable[Generator], seeds: Sequence[int]) -> None:
    """Seed generators.

    Args:
        generators: The generators.
        seeds: Those for Python's, numpy's older and torch's generators, and for numpy's newer ones.
    """
    kinds = (random.Random, np.random.RandomState, torch.Generator, np.random.Generator)
    for each in generators:
        reseed(each, seeds[[isinstance(each, kind) for kind in kinds].index(True)])


def reseed(generator: Any, seed: int) -> None:
    """Seed a generator, or an object with a ``set_random_seed``; others are left alone."""
    set_seed = seeder(generator)
    if set_seed is not None:
        set_seed(seed)


def seeder(thing: Any) -> Callable[[int], Any] | None:
    """The function that seeds an object; None if it is no generator and has none."""
    if isinstance(thing, random.Random):
        return thing.seed
    if isinstance(thing, np.random.RandomState):
        return lambda seed: thing.seed(seed % 2**32)
    if isinstance(thing, np.random.Generator):
        return lambda seed: _reset(thing.bit_generator, seed)
    if isinstance(thing, torch.Generator):
        return thing.manual_seed
    if not inspect.isclass(thing) and callable(getattr(thing, "set_random_seed", None)):
        return lambda seed: thing.set_random_seed(seed % 2**32)
    return None


def _reset(bits: np.random.BitGenerator, seed: int) -> None:
    bits.state = type(bits)(seed).state


def same_states(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether no generator was drawn from.

    Args:
        one: What :func:`states` gave.
        other: The same for the same generators at another time.
    """
    return all(repr(_plain(a)) == repr(_plain(b)) for a, b in zip(one, other, strict=True))


def _plain(state: Any) -> Any:
    """A state whose text shows all of its numbers."""
    if isinstance(state, torch.Tensor):
        return state.numpy().tobytes()
    if isinstance(state, np.ndarray):
        return state.tobytes()
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return [_plain(value) for value in state] if isinstance(state, tuple) else state


def _found(thing: Any, deep: int, seen: set[int], most: int, seeded: bool = False) -> Iterator[Any]:
    """Generators in an object; with ``seeded`` all that :func:`seeder` takes."""
    if id(thing) in seen or deep < 0 or len(seen) > most:
        return
    seen.add(id(thing))
    # `from random import choice` gives a method of Python's own generator
    python = getattr(random.choice, "__self__", None)
    shared = (np.random.mtrand._rand, torch.default_generator, python)
    try:
        own = seeder(thing) is not None if seeded else isinstance(thing, _KINDS)
        within = [] if own else _within(thing)
    except Exception:  # objects may do anything when they are asked for an attribute
        return
    system = isinstance(thing, random.SystemRandom) and not seeded
    if own and not system and not any(thing is each for each in shared):
        yield thing
    for inner in within:
        yield from _found(inner, deep - 1, seen, most, seeded)


def _within(thing: Any) -> list[Any]:
    """Objects that a transform may reach through another one."""
    if isinstance(thing, (dict, list, tuple, set)):
        few = len(thing) < _MANY
        return list(thing.values() if isinstance(thing, dict) else thing) if few else []
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if inspect.ismethod(thing):
        return [thing.__self__, thing.__func__]
    if inspect.isfunction(thing):
        return [] if _is_library(thing) else _variables(thing)
    if inspect.ismodule(thing):
        return []  # its variables are found by the names that the code uses
    kind = thing if inspect.isclass(thing) else type(thing)
    if kind is not thing and kind.__module__.startswith(f"{__package__}."):
        return list(vars(thing).values())  # what applies a transform to samples of another form
    if _is_library(kind):
        return []
    own = [each for each in kind.__mro__ if not _is_library(each)]
    members = [value for each in own for value in vars(each).values() if inspect.isfunction(value)]
    return [*(() if kind is thing else getattr(thing, "__dict__", {}).values()), *members]


def _variables(function: FunctionType) -> list[Any]:
    """Values of the variables outside a function that its code names."""
    used, variables = set(_names(function.__code__)), function.__globals__
    found = [variables[name] for name in used & variables.keys()]
    for module in [each for each in found if inspect.ismodule(each)]:
        if module.__name__.split(".")[0] not in _CODE:
            found += [vars(module)[name] for name in used & vars(module).keys()]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    return [*found, *(function.__defaults__ or ())]


def _names(code: CodeType) -> Iterator[str]:
    """Names of variables and attributes in a function's code, that of inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _names(constant)


def _is_library(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).split(".")[0] in _CODE
