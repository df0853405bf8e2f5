"""What turns records into tables, plots and statements, and what the benchmarks share.

From the bottom up: :mod:`derived` computes with one record, :mod:`seeds` averages several,
:mod:`runs` finds and groups them, :mod:`comparison` makes :mod:`sheet` objects of them, and
:mod:`formats` writes these. :mod:`sequence_plots` and :mod:`training_curves` draw;
:mod:`report` makes one page of all. What a command
of ``tools/benchmarks`` needs beyond its command line is in :mod:`benchmarks`.

This room may import every other one but ``rendering``; nothing imports it but ``tools/``. It is
not loaded by ``import mmlhl``.
"""
