# Ten tasks, images of 512 pixels resized to 256. The publisher's table of buildings is in the
# dataset's root; for another amount of data, set `buildings` to that of the tiny or full split.
_base_ = "./multi_task.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="MultiTaskResize", scale=(256, 256)),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PackMultiTaskInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="MultiTaskResize", scale=(256, 256)),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
tta_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="MultiTaskResize", scale=(256, 256))],
            [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)],
            [dict(type="LoadMultiTaskAnnotations")],
            [dict(type="PackMultiTaskInputs")],
        ],
    ),
]
data_root = "data/taskonomy"
dataset = dict(
    type="TaskonomyDataset",
    data_root=data_root,
    buildings="splits_taskonomy/train_val_test_medium.csv",
)
train_dataloader = dict(
    batch_size=32, num_workers=4, dataset=dict(pipeline=train_pipeline, **dataset)
)
val_dataloader = dict(
    batch_size=1, num_workers=4, dataset=dict(split="test", pipeline=test_pipeline, **dataset)
)
test_dataloader = val_dataloader
# output_levels: views of several buildings have the same name
val_evaluator = dict(
    metrics=dict(
        segment_semantic=dict(type="SegmentationMetric", output_levels=2),
        depth_zbuffer=dict(type="DepthErrorMetric", output_levels=2, field="depth_zbuffer_map"),
        depth_euclidean=dict(type="DepthErrorMetric", output_levels=2, field="depth_euclidean_map"),
        normal=dict(type="NormalErrorMetric", output_levels=2),
        reshading=dict(type="ChannelErrorMetric", output_levels=2, field="reshading_map"),
        edge_texture=dict(type="ChannelErrorMetric", output_levels=2, field="edge_texture_map"),
        edge_occlusion=dict(type="ChannelErrorMetric", output_levels=2, field="edge_occlusion_map"),
        keypoints2d=dict(type="ChannelErrorMetric", output_levels=2, field="keypoints2d_map"),
        keypoints3d=dict(type="ChannelErrorMetric", output_levels=2, field="keypoints3d_map"),
        principal_curvature=dict(
            type="ChannelErrorMetric", output_levels=2, field="principal_curvature_map"
        ),
    )
)
test_evaluator = val_evaluator
