"""The scope `mmlhl` in mmengine's tree of registries, below that of mmseg.

Classes of this package are registered with mmseg, so that its configs find them without a prefix.
mmengine imports this module if a config contains `mmlhl.HAD`, or inherits by `mmlhl::` and refers
to a part of its base by name. Our classes are found here, those of mmseg and mmengine in the
parents.
"""

import mmseg.registry
from mmengine.registry import Registry

#: A child of each of mmseg's registries, by mmseg's name, such as `MODELS`.
REGISTRIES = {
    name: Registry(parent.name, parent=parent, scope="mmlhl", locations=["mmlhl"])
    for name, parent in vars(mmseg.registry).items()
    if isinstance(parent, Registry)
}


def list_own_classes() -> None:
    """List the classes that this package has registered with mmseg in the scope `mmlhl`."""
    for registry in REGISTRIES.values():
        assert registry.parent is not None
        for name, kind in registry.parent.module_dict.items():
            if getattr(kind, "__module__", "").partition(".")[0] == "mmlhl":
                registry.register_module(name=name, module=kind, force=True)
