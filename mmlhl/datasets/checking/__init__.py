"""Checking all files of a dataset before training: missing ones, broken ones, odd values."""

from .report import MapReport
from .samples import check_samples
from .sets import build_set, sets_of
from .stock import SEG, left_out
from .tables import show_reports

__all__ = ["SEG", "MapReport", "build_set", "check_samples", "left_out", "sets_of", "show_reports"]
