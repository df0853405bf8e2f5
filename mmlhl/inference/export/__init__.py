"""Models for other runtimes: ONNX, torch.export and TorchScript.

``export_model`` records the graph, writes its metadata and compares it with the model.
"""

from .exporting import FORMATS, ExportError, export_model
from .graph import ExportableModel, ExportOptions

__all__ = ["FORMATS", "ExportError", "ExportOptions", "ExportableModel", "export_model"]
