"""Bad inputs: sequences of phases."""

from .registry import edits

TRAIN = "train_dataloader"
TEST = "test_dataloader"

edits(
    "phases",
    ("no phase", {"phases": []}, "phases", "[]"),
    ("phases as a dict", {"phases": dict(tasks=["seg"])}, "phases", "list"),
    ("phases as names", {"phases": ["seg", "depth"]}, "phases[0]", "'seg'"),
    ("a phase without tasks", {"phases": [dict(tasks=["seg"]), dict(tasks=[])]}, "phases[1]"),
    ("tasks as a string", {"phases": [dict(tasks="seg")]}, "phases[0].tasks", "'seg'", "['seg']"),
    (
        "a task learned twice",
        {"phases": [dict(tasks=["seg"]), dict(tasks=["seg"])]},
        "phases[1]",
        "'seg'",
        "twice",
    ),
    (
        "a task twice in a phase",
        {"phases": [dict(tasks=["seg", "seg"])]},
        "phases[0]",
        "'seg'",
        "twice",
    ),
    ("a task without a head", {"phases": [dict(tasks=["dept"])]}, "'dept'", "'depth'"),
    ("a task that is a number", {"phases": [dict(tasks=[1])]}, "phases[0].tasks", "1"),
    ("a task with a slash", {"phases": [dict(tasks=["se/g"])]}, "'se/g'"),
    (
        "a phase's name that leaves the folder",
        {"phases": [dict(tasks=["seg"], name="../x")]},
        "name",
        "'../x'",
    ),
    ("a phase's name that is a number", {"phases": [dict(tasks=["seg"], name=7)]}, "name", "7"),
    ("a phase's name of dots", {"phases": [dict(tasks=["seg"], name="..")]}, "name", "'..'"),
    ("a misspelt key of a phase", {"phases": [dict(task=["seg"])]}, "phases[0]", "tasks"),
    (
        "a key too many in a phase",
        {"phases": [dict(tasks=["seg"], max_epochs=3)]},
        "max_epochs",
        "cfg",
    ),
    ("a phase's cfg as a list", {"phases": [dict(tasks=["seg"], cfg=[1])]}, "phases[0].cfg", "[1]"),
    ("a phase's cfg that is False", {"phases": [dict(tasks=["seg"], cfg=False)]}, ".cfg", "False"),
    ("a phase's model that is 0", {"phases": [dict(tasks=["seg"], model=0)]}, "[0].model", "0"),
    ("a phase's cfg as no text", {"phases": [dict(tasks=["seg"], cfg="")]}, "phases[0].cfg", "''"),
    (
        "a misspelt override",
        {"phases": [dict(tasks=["seg"], cfg=dict(train_cfgs=1))]},
        "train_cfgs",
        "train_cfg",
    ),
    (
        "an adopted file that is not there",
        {"phases": [dict(tasks=["seg"], checkpoint="no.pth"), dict(tasks=["depth"])]},
        "'no.pth'",
    ),
    (
        "a second phase that is adopted",
        {"phases": [dict(tasks=["seg"]), dict(tasks=["depth"], checkpoint="no.pth")]},
        "phases[1]",
        "first",
    ),
    (
        "more phases than images",
        {
            "phases": [dict(tasks=[t]) for t in ("seg", "depth", "normal", "mask")],
            f"{TRAIN}.dataset.indices": 3,
        },
        "3 image(s)",
        "4 parts",
    ),
    (
        "a phase with another encoder under EWC",
        {
            "model.method": dict(type="EWC"),
            "phases": [
                dict(tasks=["seg"]),
                dict(tasks=["depth"], model=dict(backbone=dict(base_channels=8))),
            ],
        },
        "phases[1]",
        "encoder",
    ),
    (
        "one part of the images for all phases",
        {f"{TRAIN}.dataset.part": (0, 2), "disjoint_phases": True},
        f"{TRAIN}.dataset.part",
        "(0, 2)",
        "disjoint_phases=True",
    ),
    (
        "a misspelt task of the set",
        {f"{TRAIN}.dataset.tasks": ["seg", "deph"]},
        f"{TRAIN}.dataset.tasks",
        "'deph'",
        "'depth'",
    ),
    (
        "a set without a later task",
        {f"{TRAIN}.dataset.tasks": ["seg"]},
        "phases[1]",
        f"{TRAIN}.dataset.tasks",
        "'depth'",
    ),
    (
        "a test set without a later task",
        {f"{TEST}.dataset.tasks": ["seg"]},
        "phases[1]",
        f"{TEST}.dataset.tasks",
        "'depth'",
    ),
    (
        "a head without data",
        {f"{TRAIN}.dataset.annotations.depth": None},
        "phases[1]",
        "'depth'",
        TRAIN,
    ),
    (
        "a head without test data",
        {f"{TEST}.dataset.annotations.depth": None},
        "phases[1]",
        "'depth'",
        TEST,
    ),
)
