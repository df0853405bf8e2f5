"""From one config with ``phases`` to one plain mmengine config per phase.

- ``grammar``: from the text of a config to phases; pure, imports no model.
- ``deriving``: the plain config of a phase; ``datasets``, ``schedules``, ``moments`` and
  ``save_best`` adapt its parts to the phase, ``encoders`` compares the encoders of two phases.
- ``checks``: everything that is refused before phase one; its parts are in ``checking``.
- ``rehearsal``: the dry run of all phases; its parts are in ``trials``.

What refuses, checks or tries something raises a ``ValueError`` that names the key, its value and
what would be right. ``where`` begins its message, such as ``"phases[1]: "``; ``place`` is the key.
"""

from .checks import parse_phases
from .deriving import phase_config
from .grammar import Phase
from .stored_labels import LabelOptions

__all__ = ["LabelOptions", "Phase", "parse_phases", "phase_config"]
