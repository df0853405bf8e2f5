"""How transforms are tried that are not ours: whether they move an image and its labels alike.

- When a pipeline is built: :mod:`.rounds` runs copies, which draw :mod:`numbers of their own
  <.own_draws>` and :mod:`of the system <.system_draws>`, on small :mod:`.samples`. :mod:`.spots` of
  the image and :mod:`.label_spots` are looked for in the result, far moves by single spots, and
  :mod:`.slight_moves` by :mod:`.grids` of them (:mod:`.spot_grid`). :mod:`.packed` does the same
  behind the packing, and :mod:`.read_keys` sees what a transform reads.
- At every sample: :mod:`.sample_checks` compares it with the one before, by :mod:`.likeness` and
  :mod:`.mirrors`, and has a call repeated by :mod:`.replays`.
"""
