"""Pictures of predictions and curves of sequences."""

from .multi_task_visualization_hook import MultiTaskVisualizationHook
from .multi_task_visualizer import MultiTaskVisualizer
from .sequence_plots import gain_bars, heat_map, task_curves

__all__ = [
    "MultiTaskVisualizationHook",
    "MultiTaskVisualizer",
    "gain_bars",
    "heat_map",
    "task_curves",
]
