"""One page that says what was run and how well it went.

From the bottom up: :mod:`document` holds what a page is made of, :mod:`html_page` and
:mod:`markdown_page` write it, :mod:`work_dir` reads what a run has left behind, :mod:`run_sections`
and :mod:`result_sections` make sections of it, :mod:`strip_section` predicts test images with the
checkpoints of the phases, and :mod:`writing` puts the page together and writes it.
"""

from .writing import report_after_training, write_report

__all__ = ["report_after_training", "write_report"]
