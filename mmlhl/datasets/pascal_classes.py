"""PASCAL: names of classes and parts, and the classes whose normals are used."""

from __future__ import annotations

CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
PARTS = ("background", "head", "torso", "upper arm", "lower arm", "upper leg", "lower leg")
PERSON = 15
"""Class index of people in the part annotations."""

_PART_NAMES = {
    1: "hair head lear rear lebrow rebrow leye reye mouth nose",
    2: "neck torso",
    3: "luarm ruarm",
    4: "llarm rlarm lhand rhand",
    5: "luleg ruleg",
    6: "llleg rlleg lfoot rfoot",
}
PART_IDS = {name: part for part, names in _PART_NAMES.items() for name in names.split()}
"""Publisher's name of a body part -> one of the six parts that the literature uses."""

# Those of PASCAL-Context's 459 classes that NYUv2 has as well, and tvmonitor.
_NORMAL_CLASSES = """
    3 4 6 9 10 11 13 15 17 18 22 23 29 30 33 34 36 37 38 39 41 43 46 49 50 51 53 55 56 59 61
    62 65 66 68 69 72 73 78 83 84 85 87 88 95 96 101 104 105 107 111 113 115 122 124 135 141
    142 143 146 150 154 157 158 159 165 172 174 181 183 184 191 193 195 197 199 202 213 215
    216 219 220 223 225 228 230 232 233 238 239 242 243 246 250 251 252 255 260 261 263 269
    272 273 275 281 283 284 285 286 287 288 290 291 292 293 295 304 307 309 310 314 315 319
    323 329 330 331 336 342 345 349 350 351 352 355 357 368 370 371 374 379 380 383 384 397
    401 403 405 407 408 411 412 413 414 417 419 421 423 427 429 430 431 432 440 441 442 443
    444 446 454 457
"""
NORMAL_CLASSES = tuple(int(i) for i in _NORMAL_CLASSES.split())
"""Ids in PASCAL-Context's label map whose distilled normals the literature uses: the network that
predicted them was trained on NYUv2."""


def voc_palette(count: int) -> list[list[int]]:
    """Colours of PASCAL VOC.

    Returns:
        RGB colours: the bits of the class id, taken in threes, are the high bits of R, G and B.
    """
    palette = []
    for index in range(count):
        colour = [0, 0, 0]
        for shift in range(8):
            for channel in range(3):
                colour[channel] |= (index >> (3 * shift + channel) & 1) << (7 - shift)
        palette.append(colour)
    return palette
