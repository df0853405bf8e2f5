"""Methods that preserve old tasks, one file per method.

``base_method`` is the contract, ``step`` the data of a training step, ``protocols`` the members of
heads, model and runner that a method may use. Most methods belong to a family: ``distillation``
(towards the teacher), ``replay`` (of old images, with ``exemplars``, ``reservoir`` and
``matching``) or ``step_editing`` (removes the harmful part of each step). ``measuring`` makes
another pass over a phase's images when it ends, and ``composite`` combines several methods. A
method may import ``losses`` and ``teachers``; it uses heads and the segmentor through the protocols
only, and nothing from the engine.
"""

from ..padding import valid_pixels
from .base_method import BaseMethod
from .composite import Composite
from .der import DER, DERpp
from .distillation import DistillationMethod
from .ewc import EWC
from .had import HAD
from .had_heteroakd import HADHeteroAKD
from .had_release import HADRelease
from .icarl import ICaRL
from .l2sp import L2SP
from .lwf import LwF
from .naive import Naive
from .phase_average import PhaseAverage
from .protocols import DenseHead, Learner, PhaseRunner
from .replay import ReplayMethod
from .sgp import SGP
from .spg import SPG
from .step import Step, TeacherOutputs
from .step_editing import StepEditingMethod
from .tether import Tether
from .warm_start import WarmStart

__all__ = [
    "DER",
    "EWC",
    "HAD",
    "L2SP",
    "SGP",
    "SPG",
    "BaseMethod",
    "Composite",
    "DERpp",
    "DenseHead",
    "DistillationMethod",
    "HADHeteroAKD",
    "HADRelease",
    "ICaRL",
    "Learner",
    "LwF",
    "Naive",
    "PhaseAverage",
    "PhaseRunner",
    "ReplayMethod",
    "Step",
    "StepEditingMethod",
    "TeacherOutputs",
    "Tether",
    "WarmStart",
    "valid_pixels",
]
