"""A page that reports what was run, and its results.

From the bottom up: :mod:`document` defines the elements of a page, :mod:`html_page` and
:mod:`markdown_page` write it, :mod:`work_dir` reads the files of a run, :mod:`run_sections` and
:mod:`result_sections` make sections of them, :mod:`strip_section` predicts test images with the
checkpoints of the phases, and :mod:`writing` assembles and writes the page.
"""

from .writing import report_after_training, write_report

__all__ = ["report_after_training", "write_report"]
