"""Pictures of predictions: panels of all tasks, and the colours of single maps.

- ``map_colours`` turns one map into colours; ``legends`` draws legends, ``lettering`` captions.
- ``sample_maps`` reads the maps of a data sample, ``panel_grid`` arranges pictures.
- ``multi_task_visualizer`` puts the maps of all tasks beside each other, ``phase_strip`` and
  ``sequence_grid`` those of one image over the phases; ``multi_task_visualization_hook`` draws
  them in validation and testing.

Plots of records are in ``mmlhl.analysis``. From mmlhl this package imports only the modules at its
top, and matplotlib only when it draws.
"""

from .multi_task_visualization_hook import MultiTaskVisualizationHook
from .multi_task_visualizer import MultiTaskVisualizer

__all__ = ["MultiTaskVisualizationHook", "MultiTaskVisualizer"]
