"""The version of mmlhl, for the package, its wheel and its documentation."""

__version__ = "0.1.0.dev0"
