"""Checkpoint files: reading them without running any code in them, and looking up their content.

Models, engine and tools all read checkpoints, so this package lies below them: it imports torch,
mmengine and mmseg's registries, and of mmlhl single modules of helpers only.
"""

from .pickle_files import register_pickle
from .plain import to_plain
from .poison import poisoned, spoilt
from .reading import (
    CheckpointError,
    PoisonedCheckpointError,
    UntrustedCheckpointError,
    folder_of_models,
    read_checkpoint,
)
from .safe_globals import register_safe_globals
from .schemes import read_anywhere, register_loaders
from .stored_config import StoredConfigError, parse_config_text, stored_config
from .trust import add_trust_argument, checkpoint_trust
from .weights import stored_tasks, weights_of
from .yaml_files import register_yaml

register_safe_globals()
register_loaders()
register_yaml()
register_pickle()

__all__ = [
    "CheckpointError",
    "PoisonedCheckpointError",
    "StoredConfigError",
    "UntrustedCheckpointError",
    "add_trust_argument",
    "checkpoint_trust",
    "folder_of_models",
    "parse_config_text",
    "poisoned",
    "read_anywhere",
    "read_checkpoint",
    "register_loaders",
    "register_pickle",
    "register_safe_globals",
    "register_yaml",
    "spoilt",
    "stored_config",
    "stored_tasks",
    "to_plain",
    "weights_of",
]
