# Pairs and methods of tools/benchmarks/heteroakd.py: names of configs, and their folders.
benchmark = dict(
    seeds=[0, 1, 2],
    teacher_seed=0,  # one teacher for all students of a pair
    pairs=[
        dict(student="deeplabv3plus-r18-small", teacher="segformer-b0"),
        dict(student="segformer-b0-small", teacher="deeplabv3plus-r18"),
    ],
    methods={
        "No distillation": "segmentation",
        "Pixel KD": "kd",
        "CWD": "cwd",
        "HeteroAKD": "heteroakd",
    },
)
