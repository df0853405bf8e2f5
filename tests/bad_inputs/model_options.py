"""Bad inputs: options of heads, losses and methods, and the encoder."""

from .registry import edits

SEG, DEPTH = "model.heads.seg", "model.heads.depth"
BACKBONE = "model.backbone"


def neck(*channels):
    return {"model.neck": dict(type="FPN", in_channels=[*channels], out_channels=4, num_outs=4)}


edits(
    "heads and losses",
    ("num_classes=0", {f"{SEG}.num_classes": 0}, "num_classes", "0"),
    ("num_classes negative", {f"{SEG}.num_classes": -3}, "num_classes", "-3"),
    ("one class only", {f"{SEG}.num_classes": 1}, "num_classes", "1"),
    ("num_classes as a string", {f"{SEG}.num_classes": "4"}, "num_classes", "'4'"),
    ("num_classes a fraction", {f"{SEG}.num_classes": 4.5}, "num_classes", "4.5"),
    ("more classes than the set has", {f"{SEG}.num_classes": 5}, "num_classes", "5", "4"),
    ("ignore_index as a string", {f"{SEG}.ignore_index": "255"}, "ignore_index", "'255'"),
    (
        "alpha of another number of classes",
        {f"{SEG}.loss": dict(type="FocalLoss", alpha=[0.5] * 3)},
        "alpha of FocalLoss has 3 entries",
        "4 classes",
    ),
    (
        "class weights of another length",
        {f"{SEG}.loss": dict(type="CrossEntropyLoss", class_weight=[1.0, 2.0])},
        "class_weight",
        "2",
        "4",
    ),
    (
        "a negative class weight",
        {f"{SEG}.loss": dict(type="CrossEntropyLoss", class_weight=[1.0, 1.0, -1.0, 1.0])},
        "class_weight",
        "-1",
    ),
    (
        "class weights that are all 0",
        {f"{SEG}.loss": dict(type="CrossEntropyLoss", class_weight=[0.0] * 4)},
        "class_weight",
    ),
    (
        "a class weight that is NaN",
        {f"{SEG}.loss": dict(type="CrossEntropyLoss", class_weight=[1.0, 1, 1, float("nan")])},
        "class_weight[3]",
        "NaN",
    ),
    (
        "a loss's weight below 0",
        {f"{SEG}.loss": dict(type="CrossEntropyLoss", loss_weight=-1.0)},
        "loss_weight",
        "-1",
    ),
    (
        "a loss's weight as text",
        {f"{SEG}.loss": dict(type="CrossEntropyLoss", loss_weight="1.0")},
        "loss_weight",
        "'1.0'",
    ),
    ("no loss at all", {f"{SEG}.loss": []}, "loss", "empty"),
    ("a loss that is none", {f"{SEG}.loss": dict(type="ReLU")}, "heads.seg", "ReLU"),
    ("a loss without type", {f"{SEG}.loss": dict(loss_weight=1.0)}, "loss", "type"),
    ("a loss of depth for classes", {f"{SEG}.loss": dict(type="DenseL1Loss")}, "heads.seg", "L1"),
    (
        "a loss of classes for depth",
        {f"{DEPTH}.loss": dict(type="CrossEntropyLoss")},
        "phases[1]",
        "CrossEntropyLoss",
    ),
    ("a negative delta", {f"{DEPTH}.delta": -0.5}, "delta", "-0.5"),
    ("a delta above 1", {f"{DEPTH}.delta": 7.0}, "delta", "7"),
    ("delta as a string", {f"{DEPTH}.delta": "0.5"}, "delta", "'0.5'"),
    ("an unknown activation", {f"{DEPTH}.activation": "tanh"}, "activation", "'tanh'", "relu"),
    (
        "a max_depth below 0",
        {f"{DEPTH}.activation": "sigmoid", f"{DEPTH}.max_depth": -10.0},
        "max_depth",
        "-10",
    ),
    ("a sigmoid without max_depth", {f"{DEPTH}.activation": "sigmoid"}, "max_depth"),
    ("a head without a decoder", {f"{SEG}.decoder": ...}, "seg", "decoder"),
    ("a decoder without type", {f"{SEG}.decoder.type": ...}, "heads.seg.decoder", "type"),
    ("a decoder that is a list", {f"{SEG}.decoder": []}, "decoder"),
    ("a cascade as decoder", {f"{SEG}.decoder": dict(type="OCRHead")}, "OCRHead", "cannot be used"),
    ("a head without type", {f"{SEG}.type": ...}, "seg", "type"),
    ("a head that is a list", {SEG: ["SegmentationHead"]}, "seg", "SegmentationHead"),
    ("a decoder for another encoder", {f"{SEG}.decoder.in_channels": 33}, "33"),
    ("a level that the encoder lacks", {f"{SEG}.decoder.in_index": 4}, "phases[0]", "in_index"),
    ("more stages frozen than there are", {f"{BACKBONE}.frozen_stages": 9}, "9", "ResNet", "4"),
    (
        "more stages frozen from phase two on",
        {
            "phases": [
                dict(tasks=["seg"]),
                dict(tasks=["depth"], model=dict(backbone=dict(frozen_stages=5))),
            ]
        },
        "phases[1]",
        "frozen_stages is 5",
    ),
    (
        "more windows frozen than a Swin has",
        {
            BACKBONE: dict(
                type="SwinTransformer",
                embed_dims=4,
                depths=[1] * 4,
                num_heads=[1] * 4,
                frozen_stages=12,
            )
        },
        "frozen_stages is 12",
        "SwinTransformer",
    ),
    ("a neck for fewer levels", neck(4, 8), "model.neck", "4, 8, 16, 32 channels"),
    ("a neck for other channels", neck(4, 8, 16, 31), "model.neck", "31", "4, 8, 16, 32 channels"),
    ("strides that are a number", {f"{BACKBONE}.strides": 0}, "model.backbone", "strides=0"),
    ("a depth that is a list", {f"{BACKBONE}.depth": [18]}, "model.backbone", "depth=[18]"),
    ("no channels", {f"{BACKBONE}.base_channels": None}, "ResNet", "base_channels=None"),
    ("a fraction of a channel", {f"{BACKBONE}.stem_channels": 0.5}, "ResNet", "stem_channels=0.5"),
    ("a norm that is a flag", {f"{BACKBONE}.norm_cfg": True}, "ResNet", "norm_cfg=True"),
    ("a decoder without channels", {f"{SEG}.decoder.channels": None}, "FCNHead", "channels=None"),
    ("channels below 0", {f"{SEG}.decoder.channels": -1}, "FCNHead", "channels=-1"),
    ("half a convolution", {f"{SEG}.decoder.num_convs": 0.5}, "FCNHead", "num_convs=0.5"),
    ("a list of dropouts", {f"{SEG}.decoder.dropout_ratio": []}, "FCNHead", "dropout_ratio=[]"),
    (
        "a loss whose option is a list",
        {f"{SEG}.loss": dict(type="TverskyLoss", alpha=[])},
        "TverskyLoss",
        "alpha=[]",
    ),
    ("levels that a backbone lacks", {f"{BACKBONE}.out_indices": (0, 7)}, BACKBONE, "ResNet"),
    ("a neck of fewer outputs", {**neck(4, 8), "model.neck.num_outs": 1}, "model.neck", "FPN"),
    ("a decoder for another neck", neck(4, 8, 16, 32), "heads.seg", "4, 4, 4, 4 channels"),
    ("an encoder for four channels", {f"{BACKBONE}.in_channels": 4}, "model.backbone", "4"),
    ("dropout above 1", {f"{SEG}.decoder.dropout_ratio": 1.5}, "1.5"),
    ("a sampler of pixels that is none", {f"{SEG}.decoder.sampler": dict(type="OHEM")}, "OHEM"),
    ("heads as a list", {"model.heads": [dict(type="DepthHead")]}, "heads"),
    ("no heads", {"model.heads": {}}, "heads", "'seg'"),
    (
        "two heads of one field",
        {"model.heads.mask.field": "depth_map", "phases": [dict(tasks=["depth", "mask"])]},
        "depth_map",
    ),
)
edits(
    "methods",
    ("an unknown method", {"model.method": dict(type="HDA")}, "method", "'HDA'", "'HAD'"),
    ("a method without type", {"model.method": dict(loss_weight=1.0)}, "method", "type"),
    ("a method as a string", {"model.method": "HAD"}, "method", "'HAD'", "dict(type="),
    ("an unknown option", {"model.method.los_weight": 1.0}, "los_weight", "loss_weight"),
    ("a method's weight below 0", {"model.method.loss_weight": -1.0}, "loss_weight", "-1"),
    ("a method's weight of NaN", {"model.method.loss_weight": float("nan")}, "loss_weight", "NaN"),
    (
        "a method's weight of infinity",
        {"model.method.loss_weight": float("inf")},
        "loss_weight",
        "inf",
    ),
    ("a method's weight as text", {"model.method.loss_weight": "3"}, "loss_weight", "'3'"),
    ("a method's weight as a list", {"model.method.loss_weight": [3.0]}, "loss_weight", "[3.0]"),
    ("one bin", {"model.method.bins": 1}, "bins", "1"),
    ("bins as a fraction", {"model.method.bins": 2.5}, "bins", "2.5"),
    ("a share above 1", {"model.method.loss": dict(k=1.5)}, "k", "1.5"),
    ("a share that leaves no pixel", {"model.method.loss": dict(k=1.0)}, "k", "with_sg=False"),
    ("LwF at temperature 0", {"model.method": dict(type="LwF", temperature=0)}, "temperature", "0"),
    ("a warm-up below 0", {"model.method": dict(type="LwF", warmup=-1)}, "warmup"),
    ("EWC with a decay above 1", {"model.method": dict(type="EWC", decay=2.0)}, "decay"),
    ("SGP with a negative alpha", {"model.method": dict(type="SGP", alpha=-1.0)}, "alpha", "-1"),
    (
        "SGP with a threshold above 1",
        {"model.method": dict(type="SGP", threshold=1.2)},
        "threshold",
        "1.2",
    ),
    ("an empty buffer", {"model.method": dict(type="DER", buffer_size=0)}, "buffer_size", "0"),
    (
        "a buffer of a fraction",
        {"model.method": dict(type="ICaRL", buffer_size=2.5)},
        "buffer_size",
        "2.5",
    ),
    ("Composite of nothing", {"model.method": dict(type="Composite", methods=[])}, "methods", "[]"),
    (
        "Composite of one method twice",
        {"model.method": dict(type="Composite", methods=[dict(type="EWC"), dict(type="EWC")])},
        "EWC",
    ),
)
edits(
    "encoder",
    ("an unknown encoder", {"model.backbone.type": "ResNett"}, "backbone", "'ResNett'", "'ResNet"),
    ("a depth that no ResNet has", {"model.backbone.depth": 19}, "phases[0]: model", "19"),
    ("no encoder", {"model.backbone": ...}, "backbone"),
    ("an encoder of None", {"model.backbone": None}, "backbone"),
    ("no preprocessor", {"model.data_preprocessor": ...}, "model.data_preprocessor", "missing"),
    (
        "augmentation of batches by configs",
        {"model.data_preprocessor.batch_augments": [dict(type="BatchFixedSizePad")]},
        "batch_augments=[{'type': 'BatchFixedSizePad'}]",
    ),
    ("std of 0", {"model.data_preprocessor.std": [60.0, 0.0, 60.0]}, "std", "0"),
    ("mean of two channels", {"model.data_preprocessor.mean": [1.0, 2.0]}, "mean", "2"),
    ("mean without std", {"model.data_preprocessor.std": None}, "std"),
    ("a mean that is NaN", {"model.data_preprocessor.mean": [float("nan")] * 3}, "mean", "NaN"),
    ("std of infinity", {"model.data_preprocessor.std": [float("inf")] * 3}, "std", "inf"),
    ("a mean that is a flag", {"model.data_preprocessor.mean": [True, 1.0, 1.0]}, "mean", "True"),
    (
        "mean and std of images in 0..1",
        {
            "model.data_preprocessor.mean": [0.485, 0.456, 0.406],
            "model.data_preprocessor.std": [0.229, 0.224, 0.225],
        },
        "mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]",
        "write mean=[123.675, 116.28, 103.53]",
    ),
    ("an image size of 0", {"model.data_preprocessor.size": (0, 32)}, "size", "0"),
    ("options of a model's training", {"model.train_cfg": dict(a=1)}, "model.train_cfg"),
    ("sliding without a crop", {"model.test_cfg": dict(mode="slide")}, "crop_size"),
    (
        "a slide's stride of 0",
        {"model.test_cfg": dict(mode="slide", crop_size=(16, 16), stride=(0, 0))},
        "stride",
    ),
    (
        "a crop of 0",
        {"model.test_cfg": dict(mode="slide", crop_size=(0, 0), stride=(8, 8))},
        "crop_size",
    ),
    ("an unknown key of testing", {"model.test_cfg": dict(mode="whole", a=1)}, "test_cfg.a"),
    (
        "windows without their mode",
        {"model.test_cfg": dict(crop_size=(16, 16), stride=(8, 8))},
        "model.test_cfg.mode",
        "'slide'",
    ),
    (
        "a stride that is a flag",
        {"model.test_cfg": dict(mode="slide", crop_size=(16, 16), stride=True)},
        "stride",
        "True",
    ),
    ("an unknown mode of testing", {"model.test_cfg": dict(mode="slid")}, "mode", "'slid'"),
)
edits(
    "encoder",
    (
        "weights that are not there",
        {"model.backbone.init_cfg": dict(type="Pretrained", checkpoint="no.pth")},
        "init_cfg",
        "'no.pth'",
    ),
    error=FileNotFoundError,
)
