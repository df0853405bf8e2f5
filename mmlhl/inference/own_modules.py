"""Users' own classes in a checkpoint's model."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mmseg.registry import MODELS

from ..checkpoints import StoredConfigError, weights_of
from ..checkpoints.stored_config import own_modules
from ..checkpoints.trust import FLAG, checkpoints_are_trusted
from ..config_values import nodes
from ..explaining import explained_error
from .bounded import huge_number, no_larger_than


def import_trusted(checkpoint: Mapping[str, Any], source: str) -> None:
    """Import the custom modules of a checkpoint's config if checkpoints are trusted.

    Raises:
        StoredConfigError: If a module cannot be imported.
    """
    for name in own_modules(checkpoint) if checkpoints_are_trusted() else ():
        try:
            import_module(name)
        except ImportError as error:
            raise StoredConfigError(
                f"the config in {source} imports {name!r}, which fails ({error}); add the folder "
                "that it is in to PYTHONPATH"
            ) from error


def build_model(described: dict, checkpoint: Mapping[str, Any], source: str) -> Any:
    """Build a checkpoint's model, with a clear error if one of its classes is not registered.

    Raises:
        StoredConfigError: If a class is not registered; names it, and the modules that the
            checkpoint's config imports. If the model is far larger than the checkpoint.
    """
    huge = huge_number(described)
    if huge:
        raise _unusable(source, ValueError(f"model.{huge}"))
    try:
        with no_larger_than(weights_of(checkpoint)):
            return MODELS.build(described)
    except Exception as error:
        if not isinstance(error, KeyError):
            raise _unusable(source, error) from error
        kinds = {each["type"] for each in nodes(described) if isinstance(each.get("type"), str)}
        lacking = [kind for kind in sorted(kinds) if f"{kind} is not in" in str(error)]
        if not lacking:
            raise _unusable(source, error) from error
        modules = own_modules(checkpoint)
        which = f" (its config imports {', '.join(modules)})" if modules else ""
        raise StoredConfigError(
            f"the model in {source} uses {lacking[0]}, which is in no registry: import the module "
            f"that registers it{which}. A command does so with the option --config, if it has one, "
            f"or with {FLAG}, if you trust whoever made the file"
        ) from None


def _unusable(source: str, error: Exception) -> StoredConfigError:
    return StoredConfigError(
        f"the model in {source} cannot be built from its config: {explained_error(error)}"
    )
