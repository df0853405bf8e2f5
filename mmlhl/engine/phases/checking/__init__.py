"""Checks of a sequence's config before phase one, in the order of ``parse_phases``.

Each takes the config of a phase, ``cfg``, and the beginning of its messages, ``where``, such as
``"phases[1]: "``; that of a part takes the part, and its dotted key, ``place``. A ``ValueError``
names the key, its value and what would be right.

- Keys that are never read or misspelt: ``top_keys``, ``keys``, ``key_checker``, ``idle_variables``,
  ``scopes``; values of another type: ``option_types``, with ``signatures`` of the classes.
- Options of one part: ``values``, ``hook_options``, ``runner_options``, ``log_options``,
  ``progress_options``, ``schedule_values``, ``moment_checks``, ``layer_types``.
- Parts that have to agree: ``agreement`` of heads, datasets and metrics, ``metric_fit``,
  ``ignored_labels``, ``normalisation``, ``set_tasks``, ``set_differences``, ``drawn_fields``.
"""
