"""From one config with ``phases`` to one plain mmengine config per phase.

- ``grammar``: the text of a config to phases; pure, imports no model.
- ``deriving``: the plain config of a phase; ``datasets``, ``schedules`` and ``save_best`` say how
  its parts follow the phase, ``encoders`` whether it starts from the weights of the one before.
- ``checks``: what is refused before phase one; may build.
- ``rehearsal``: the dry run of all phases; what it tries of each is in ``trial_build``,
  ``trial_loaders``, ``trial_sample``, ``trial_step`` and ``trial_test``.
"""

from .checks import parse_phases
from .deriving import phase_config
from .grammar import Phase
from .stored_labels import LabelOptions

__all__ = ["LabelOptions", "Phase", "parse_phases", "phase_config"]
