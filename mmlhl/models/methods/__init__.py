"""Methods: what keeps old tasks, one file per method.

``base_method`` is the contract, ``step`` what a method sees of a training step, ``protocols`` what
it may touch of heads, model and runner. Most methods are of a family: ``distillation`` (pull to the
teacher), ``replay`` (show old images again; ``exemplars``, ``reservoir`` and ``matching`` help) or
``step_editing`` (take from each step what would hurt); ``measuring`` looks once more at a phase's
images when it ends, and ``composite`` joins several. A method may import ``losses`` and
``teachers``; it knows heads and the segmentor by their protocols only, and no engine.
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
