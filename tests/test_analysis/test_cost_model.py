"""The cost model of a sequence, by hand."""

import pytest

from mmlhl.analysis.cost_model import (
    Link,
    Network,
    Plan,
    all_reduce_seconds,
    fit_network,
    phase_cost,
    sequence_cost,
)

NETWORK = Network(0.3, 0.1, 0.1, 0.03, encoder_parameters=10e6, head_parameters=1e6)
FAST = Link(bandwidth=1e9)


def test_a_phase_by_hand():
    plan = Plan(tasks=3, images=600, epochs=2, batch=4, test_images=10)
    cost = phase_cost(NETWORK, plan, FAST, 3)
    assert cost.steps == 100  # 200 images, twice, four at a time
    assert cost.training == pytest.approx(400 * 0.6)
    assert cost.teaching == pytest.approx(400 * 0.16)
    assert cost.evaluation == pytest.approx(10 * 0.19)
    assert cost.communication == 0 and cost.efficiency == 1 and cost.disk == 0
    assert cost.seconds == pytest.approx(240 + 64 + 1.9)
    assert phase_cost(NETWORK, plan, FAST, 1).teaching == 0


def test_stored_labels_are_made_once_and_take_disk():
    plan = Plan(tasks=3, images=600, epochs=2, batch=4, stored=True, label_bytes=1000)
    cost = phase_cost(NETWORK, plan, FAST, 3)
    assert cost.teaching == pytest.approx(200 * 0.16)
    assert cost.disk == 2 * 200 * 1000


def test_naive_training_does_not_run_old_heads():
    plan = Plan(tasks=3, images=600, epochs=2, batch=4, teacher=False)
    cost = phase_cost(NETWORK, plan, FAST, 3)
    assert cost.training == pytest.approx(400 * 0.4) and cost.teaching == 0


def test_all_reduce_over_a_ring_overlaps_with_the_backward_pass():
    assert all_reduce_seconds(1e9, 1, FAST) == 0
    assert all_reduce_seconds(1e9, 4, FAST) == pytest.approx(1.5)
    assert all_reduce_seconds(0, 4, Link(1e9, latency=0.01)) == pytest.approx(0.06)
    plan = Plan(tasks=2, images=800, batch=4, processes=2)
    cost = phase_cost(NETWORK, plan, FAST, 2)  # 48 MB: 0.048 s a step
    assert cost.steps == 50 and cost.communication == pytest.approx(50 * 0.048)
    assert cost.efficiency == pytest.approx(4 * (0.5 + 0.13) / (4 * 0.63 + 0.048))
    hidden = phase_cost(NETWORK, plan, Link(1e9, overlap=1.0), 2)
    assert hidden.communication == 0


def test_a_teacher_adds_no_communication():
    plan = dict(tasks=10, images=10**6, processes=64)
    online = sequence_cost(NETWORK, Plan(**plan), FAST)
    stored = sequence_cost(NETWORK, Plan(**plan, stored=True), FAST)
    assert [c.communication for c in online] == [c.communication for c in stored]
    assert len(online) == 10 and online[-1].efficiency >= stored[-1].efficiency


def test_fit_recovers_the_network_from_measured_points():
    found = fit_network(
        {n: NETWORK.train(n) for n in (2, 3, 10)},
        {n: NETWORK.predict(n) for n in (1, 9)},
        10e6,
        1e6,
    )
    assert found.train(5) == pytest.approx(NETWORK.train(5))
    assert found.predict(5) == pytest.approx(NETWORK.predict(5))
    assert found.faster(2).train(5) == pytest.approx(found.train(5) / 2)
