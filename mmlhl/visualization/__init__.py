"""Pictures of predictions: panels of all tasks, and the colours of single maps.

- ``map_colours`` turns one map into colours; ``keys`` has their legends, ``lettering`` captions.
- ``sample_maps`` reads maps off a data sample, ``panel_grid`` arranges pictures.
- ``multi_task_visualizer`` puts the maps of all tasks beside each other, ``phase_strip`` those of
  one image over the phases; ``multi_task_visualization_hook`` draws them in tests.

Plots of records are in ``mmlhl.analysis``. Of mmlhl this package imports only files that everything
may use, and matplotlib only when it draws.
"""

from .multi_task_visualization_hook import MultiTaskVisualizationHook
from .multi_task_visualizer import MultiTaskVisualizer

__all__ = ["MultiTaskVisualizationHook", "MultiTaskVisualizer"]
