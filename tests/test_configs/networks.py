"""Configs of networks: without pretrained weights, or smaller with the same structure."""

import copy

#: a narrow network's stages: a ResNet-18 of 8 channels, a Mix Transformer of one layer a stage
RESNET = [8, 16, 32, 64]
MIT = [8, 16, 40, 64]


def without_pretraining(node, side):
    """Remove pretrained weights from a model's config, for images of the given side."""
    if isinstance(node, dict):
        for key in ("pretrained", "checkpoint"):
            if key in node:
                node[key] = None
        if (node.get("init_cfg") or {}) and node["init_cfg"].get("type") == "Pretrained":
            node["init_cfg"] = None
        if isinstance(node.get("data_preprocessor"), dict) and "size" in node["data_preprocessor"]:
            node["data_preprocessor"]["size"] = (side, side)
        node = list(node.values())
    for child in node if isinstance(node, (list, tuple)) else ():
        without_pretraining(child, side)


def few_classes(node, number=5):
    """A config in which every ``num_classes`` is the same."""
    if isinstance(node, dict):
        made = {key: few_classes(value, number) for key, value in node.items()}
        return {**made, "num_classes": number} if "num_classes" in made else made
    if isinstance(node, (list, tuple)):
        return [few_classes(value, number) for value in node]
    return node


def network(model):
    """The backbone and one decoder, for a step at full size."""
    heads = model.get("heads") or {"": {"decoder": model.get("decode_head")}}
    return [model["backbone"], few_classes(next(iter(heads.values()))["decoder"])]


def few_layers(model):
    """The config of a segmentor whose backbone has the same channels from fewer layers."""
    model = copy.deepcopy(model)
    backbone = model["backbone"]
    if backbone.get("depth") == 101:
        backbone["depth"] = 50
    elif backbone["type"] == "MixVisionTransformer":
        backbone["num_layers"] = [1, 1, 1, 1]
    return model


def narrow(model):
    """The config of a lifelong model with few channels, where its backbone can have them."""
    model = copy.deepcopy(model)
    backbone = model["backbone"]
    if backbone["type"] in ("ResNet", "ResNetV1c", "DilatedResNet"):
        backbone.update(depth=18, stem_channels=RESNET[0], base_channels=RESNET[0])
        channels = RESNET
    elif backbone["type"] == "MixVisionTransformer":
        backbone.update(embed_dims=MIT[0], num_layers=[1, 1, 1, 1], num_heads=[1, 2, 5, 8])
        channels = MIT
    else:
        return model
    for head in model["heads"].values():
        decoder = head["decoder"]
        index = decoder.get("in_index", -1)
        several = isinstance(index, (list, tuple))
        decoder["in_channels"] = [channels[i] for i in index] if several else channels[index]
        decoder["channels"] = 8
        if "c1_in_channels" in decoder:
            decoder.update(c1_in_channels=channels[0], c1_channels=4)
    return model
