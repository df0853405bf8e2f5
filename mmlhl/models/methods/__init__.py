from ..padding import valid_pixels
from .base_method import BaseMethod, Step
from .der import DER, DERpp
from .distillation import DistillationMethod
from .ewc import EWC
from .had import HAD
from .had_heteroakd import HADHeteroAKD
from .had_release import HADRelease
from .icarl import ICaRL
from .lwf import LwF
from .naive import Naive
from .replay import ReplayMethod
from .sgp import SGP
from .spg import SPG
from .step_editing import StepEditingMethod

__all__ = [
    "DER",
    "EWC",
    "HAD",
    "SGP",
    "SPG",
    "BaseMethod",
    "DERpp",
    "DistillationMethod",
    "HADHeteroAKD",
    "HADRelease",
    "ICaRL",
    "LwF",
    "Naive",
    "ReplayMethod",
    "Step",
    "StepEditingMethod",
    "valid_pixels",
]
