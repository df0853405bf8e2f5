"""Checks of a sequence's config before phase one, in the order of ``parse_phases``.

Each takes the config of a phase, ``cfg``, and ``where``, the beginning of its messages; that of a
part takes the part, and its ``place``.

- Keys that are never read or misspelt: ``top_keys``, ``keys``, ``key_checker``, ``idle_variables``,
  ``scopes``; values of another type: ``option_types``, with ``signatures`` of the classes.
- Options of one part: ``values``, ``hook_options``, ``runner_options``, ``log_options``,
  ``progress_options``, ``schedule_values``, ``moment_checks``, ``layer_types``.
- Parts that have to agree: ``agreement`` of heads, datasets and metrics, ``metric_fit``,
  ``ignored_labels``, ``normalisation``, ``set_tasks``, ``set_differences``, ``drawn_fields``.
"""
