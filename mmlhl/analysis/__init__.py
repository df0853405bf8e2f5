"""Tables, plots and reports of records, and the code of the benchmarks.

From the bottom up: :mod:`derived` computes metrics of one record, :mod:`seeds` averages several,
:mod:`runs` finds and groups them, :mod:`comparison` turns them into :mod:`sheet` objects, and
:mod:`formats` writes these. :mod:`sequence_plots` and :mod:`training_curves` draw; :mod:`report`
puts everything on one page. The commands of ``tools/benchmarks`` only parse arguments; the rest
is in :mod:`benchmarks`.

This package may import every other one except ``rendering``; only ``tools/`` imports it. It is not
loaded by ``import mmlhl``.
"""
