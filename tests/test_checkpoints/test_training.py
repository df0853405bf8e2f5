"""What a checkpoint says of the data that its tasks were trained on."""

from mmlhl.checkpoints.training import joined_names


def test_old_tasks_keep_the_names_of_their_own_data():
    earlier = dict(classes=("a", "b"), palette=[[1, 2, 3]], depth_map_unit="m", label_map=None)
    own = dict(classes=("x", "y", "z"), depth_map_unit="inverse depth", parts_classes=("p", "q"))
    assert joined_names(own, earlier, []) == own  # phase one
    joined = joined_names(own, earlier, ["sem_seg"])
    assert joined == {**own, "classes": ("a", "b"), "palette": [[1, 2, 3]]}
    assert joined_names({}, earlier, ["depth_map"]) == dict(depth_map_unit="m")
    # colours belong to their classes
    assert joined_names(dict(palette=[[0, 0, 0]]), dict(classes=("a",)), ["sem_seg"]) == dict(
        classes=("a",)
    )
    # nothing is known of the old task, as of an adopted file without names
    assert joined_names(own, dict(classes=None), ["sem_seg"]) == own
