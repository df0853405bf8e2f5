# Settings of all lifelong segmentors: ImageNet's normalisation, whole images in testing.
data_preprocessor = dict(
    type="MultiTaskDataPreProcessor",
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)
model = dict(
    type="LifelongSegmentor", data_preprocessor=data_preprocessor, test_cfg=dict(mode="whole")
)
