"""The scope in which mmengine looks for the classes that a config names without one."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.registry import MODELS, DefaultScope

#: used where a config names none, as in mmseg's ``default_runtime.py``
SCOPE = "mmseg"


def check_scope(cfg: Mapping, where: str = "") -> None:
    """Check that classes of mmseg and of this package are found.

    Raises:
        ValueError: If they are not found in ``default_scope``.
    """
    scope = cfg.get("default_scope")
    if scope in (None, SCOPE):
        return
    try:
        with DefaultScope.overwrite_default_scope(scope):
            with MODELS.switch_scope_and_registry(None) as registry:
                found = registry.get("LifelongSegmentor") is not None
    except Exception:  # a scope is a package, which may fail to import in any way
        found = False
    if not found:
        raise ValueError(
            f"{where}default_scope is {scope!r}, in which no class of mmseg is found: write "
            f"{SCOPE!r} or leave it out, and name classes of other packages as 'package.Class'"
        )
