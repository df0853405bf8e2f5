"""Options of the visualizer for fields that are never drawn are refused."""

import pytest

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.checking.drawn_fields import check_drawn
from mmlhl.visualization import MultiTaskVisualizer

TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(limits=dict(depth=(0, 10))), "limits names the field 'depth', .* draws 'depth_map'"),
        (dict(kinds=dict(seg="classes")), "kinds names the field 'seg', .*draws 'sem_seg'"),
        (dict(limits=dict(depht_map=(0, 1))), "'depht_map', .*did you mean 'depth_map'"),
        (dict(limits=dict(gt_depth_map=(0, 1))), "names the field 'gt_depth_map"),
        (dict(type=MultiTaskVisualizer, kinds=dict(edge="binary")), r"'edge', which no head has; "),
        (dict(type="mmseg.MultiTaskVisualizer", kinds=dict(edge="binary")), "there are "),
    ],
)
def test_options_for_other_fields(config, nothing_is_built, options, message):
    cfg = config(phases=TASKS)
    cfg.visualizer = dict(dict(type="MultiTaskVisualizer"), **options)
    with pytest.raises(ValueError, match=f"^visualizer.*{message}"):
        parse_phases(cfg)


def test_the_phase_is_named(config):
    phases = [TASKS[0], dict(TASKS[1], cfg=dict(visualizer=dict(limits=dict(deph=(0, 1)))))]
    cfg = config(phases=phases, visualizer=dict(type="MultiTaskVisualizer"))
    with pytest.raises(ValueError, match=r"^phases\[1\]: visualizer.limits names .* 'deph'"):
        parse_phases(cfg)


def test_fields_of_heads_and_what_is_not_ours(config):
    cfg = config(phases=TASKS, visualizer=dict(type="MultiTaskVisualizer"))
    cfg.model.heads.depth.field = "range_map"
    cfg.visualizer.update(kinds=dict(sem_seg="classes"), limits=dict(range_map=(0, 1)))
    check_drawn(cfg)
    with pytest.raises(ValueError, match="'depth_map'"):
        check_drawn(dict(cfg, visualizer=dict(cfg.visualizer, limits=dict(depth_map=(0, 1)))))
    check_drawn(dict(cfg, visualizer=dict(type="SegLocalVisualizer", limits=dict(a=1))))
    cfg.model.heads.own = dict(type="HeadOfAnotherPackage")  # its field is not known
    check_drawn(dict(cfg, visualizer=dict(type="MultiTaskVisualizer", limits=dict(a=(0, 1)))))
