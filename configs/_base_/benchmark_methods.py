# Methods, and the strengths among which each is searched, for tools/benchmarks/methods.py.
# `search` names one option of the method; three values a method, for all methods alike.
benchmark_methods = {
    "Naive": dict(method=dict(type="Naive")),
    "Joint": dict(method=dict(type="Naive"), joint=True),
    "LwF": dict(method=dict(type="LwF"), search=dict(loss_weight=[1.0, 3.0, 10.0])),
    "HAD": dict(method=dict(type="HAD"), search=dict(loss_weight=[1.0, 3.0, 10.0])),
    "HAD, offset 0.05": dict(
        method=dict(type="HAD", loss=dict(offset=0.05)), search=dict(loss_weight=[1.0, 3.0, 10.0])
    ),
    "HAD as released": dict(
        method=dict(type="HADRelease"), search=dict(loss_weight=[1.0, 3.0, 10.0])
    ),
    "EWC": dict(method=dict(type="EWC"), search=dict(loss_weight=[100.0, 1000.0, 10000.0])),
    "SPG": dict(method=dict(type="SPG"), search=dict(strength=[0.3, 1.0, 3.0])),
    "SGP": dict(method=dict(type="SGP"), search=dict(alpha=[3.0, 10.0, 30.0])),
    "iCaRL": dict(method=dict(type="ICaRL"), search=dict(loss_weight=[1.0, 3.0, 10.0])),
    "DER": dict(method=dict(type="DER"), search=dict(alpha=[0.1, 0.3, 1.0])),
    "DER++": dict(method=dict(type="DERpp"), search=dict(alpha=[0.1, 0.3, 1.0])),
    # ablations of HAD run at HAD's strength
    "HAD without SG": dict(method=dict(type="HAD", loss=dict(with_sg=False)), like="HAD"),
    "HAD without DB": dict(method=dict(type="HAD", loss=dict(with_db=False)), like="HAD"),
    "HAD, arithmetic": dict(method=dict(type="HAD", loss=dict(mean="arithmetic")), like="HAD"),
    "HAD, 5 bins": dict(method=dict(type="HAD", bins=5), like="HAD"),
    "HAD, 10 bins": dict(method=dict(type="HAD", bins=10), like="HAD"),
    "HAD, 15 bins": dict(method=dict(type="HAD", bins=15), like="HAD"),
    "HAD, soft classes": dict(
        method=dict(type="HAD"),
        like="HAD",
        model=dict(heads=dict(seg=dict(soft_pseudo_label=True))),
    ),
}
