"""Pictures of predictions."""

from .multi_task_visualization_hook import MultiTaskVisualizationHook
from .multi_task_visualizer import MultiTaskVisualizer

__all__ = ["MultiTaskVisualizationHook", "MultiTaskVisualizer"]
