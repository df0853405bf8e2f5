"""Checking all files of a dataset before training: missing ones, broken ones, odd values."""

from .report import MapReport
from .samples import check_samples
from .sets import build_set, sets_of
from .tables import show_reports

__all__ = ["MapReport", "build_set", "check_samples", "sets_of", "show_reports"]
