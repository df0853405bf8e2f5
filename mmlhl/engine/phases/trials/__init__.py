"""The parts of a dry run: each builds or runs one thing of a phase, small or without weights.

``build``, ``parts`` and ``weights`` try the networks and what they load; ``sample``, ``images`` and
``loaders`` the data; ``step`` one step, with its ``method``; ``optimiser`` and ``schedule`` the
optimisation; ``metrics`` and ``testing`` the test; ``running`` what a runner needs from outside.
"""
