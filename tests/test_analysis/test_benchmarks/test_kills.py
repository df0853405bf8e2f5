"""What the campaign of kills stores, counts and reports; kills are tested in test_engine."""

import json
import os
import time

import pytest
import torch

from mmlhl.analysis.benchmarks import kill_campaign
from mmlhl.analysis.benchmarks.kill_campaign import (
    RESULTS,
    VARIANTS,
    campaign,
    describe,
    read_outcomes,
    report,
    verdict,
)
from mmlhl.analysis.benchmarks.kills import Outcome, differences, finish, start
from mmlhl.evaluation import LifelongRecord

HAD, EWC = VARIANTS[0], VARIANTS[1]


def test_options_in_words():
    assert describe(HAD) == "HAD, 1 process(es), epochs, 1 worker(s)"
    assert describe(EWC).endswith("every 2 steps, 2 persistent worker(s), gradients of 2 steps")
    assert describe(dict(method="SGP", processes=2, by_epoch=False, averaged=True)) == (
        "SGP, 2 process(es), iterations, averaged weights"
    )


def test_report_counts_kills_of_identical_sequences():
    outcomes = [
        Outcome(HAD, [0.1, 0.2]),
        Outcome(HAD, [0.3], ["lifelong.json"]),
        Outcome(EWC, [0.4, 0.5, 0.6]),
    ]
    text = report(outcomes, "the command")
    assert verdict(outcomes) == "2 of 3 identical"
    assert "**6 kills, 5 of them" in text and "`the command`" in text
    assert f"| {describe(HAD)} | 2 | 3 | 1 of 2 |" in text
    assert f"| {describe(EWC)} | 1 | 3 | 1 of 1 |" in text
    assert f"| {describe(VARIANTS[2])} | 0 | 0 | 0 of 0 |" in text
    assert text.endswith(f"What differs:\n\n- {describe(HAD)}: lifelong.json")
    assert "commit unknown." in text
    outcomes[0].commit, outcomes[2].commit = "aaa", "bbb"
    assert "commit aaa, unknown, bbb." in report(outcomes, "the command")
    assert "What differs" not in report([Outcome(HAD, [0.1])], "the command")


def test_campaign_counts_kills_of_earlier_calls(tmp_path, monkeypatch):
    asked = []

    def kill(root, folder, options, undisturbed, seconds, draw, most):
        asked.append((folder.name, options, most))
        return Outcome(dict(options), [0.5] * most)

    monkeypatch.setattr(kill_campaign, "write_images", lambda root: None)
    monkeypatch.setattr(kill_campaign, "_undisturbed", lambda *args: (tmp_path, 1.0))
    monkeypatch.setattr(kill_campaign, "kill_and_resume", kill)
    assert read_outcomes(tmp_path) == []
    messages = []
    assert sum(len(each.kills) for each in campaign(tmp_path, 4, messages.append)) == 4
    assert asked == [("killed_000", HAD, 3), ("killed_001", EWC, 1)]
    assert messages[0].startswith(describe(HAD)) and messages[0].endswith("1 of 1 identical")
    outcomes = campaign(tmp_path, 6, messages.append)
    assert asked[2] == ("killed_002", VARIANTS[2], 2) and len(outcomes) == 3
    assert [each.options for each in read_outcomes(tmp_path)] == VARIANTS[:3]
    lines = (tmp_path / RESULTS).read_text().splitlines()
    first = dict(options=HAD, kills=[0.5] * 3, differences=[], commit=kill_campaign.commit())
    assert json.loads(lines[0]) == first

    (tmp_path / RESULTS).write_text("\n".join(lines)[:-9])  # as by a kill
    assert len(read_outcomes(tmp_path)) == 2
    assert len(campaign(tmp_path, 5, messages.append)) == 3
    assert messages[-2].endswith("1 line(s) are cut off; their sequences are run again")
    assert asked[3] == ("killed_002", VARIANTS[2], 1) and len(read_outcomes(tmp_path)) == 3


@pytest.fixture
def sequence(tmp_path):
    """A function: a work dir of one phase with some weights and a metric."""

    def make(name, weight=1.0, value=0.5, seconds=1.0, **more):
        folder = tmp_path / name
        (folder / "phase_1_a").mkdir(parents=True)
        record = LifelongRecord(method="HAD", seed=0)
        path = "phase_1_a/a.pth"
        record.add_phase("a", ["a"], path, seconds, {"a/mIoU": value}, {"a/mIoU": True})
        record.save(folder / "lifelong.json")
        state = dict(state_dict=dict(w=torch.tensor(weight), n=torch.tensor(2)), **more)
        torch.save(state, folder / path)
        return folder

    return make


def test_differences_between_two_sequences(sequence):
    one = sequence("one", lifelong_method=dict(seen=[1, 2]))
    assert differences(one, sequence("same", seconds=9.0, lifelong_method=dict(seen=[1, 2]))) == []
    other = sequence("other", 1.5, 0.4, lifelong_method=dict(seen=[1, 3]))
    assert differences(one, other) == [
        "lifelong.json",
        "phase_1_a/a.pth: 1 of 2 values of state_dict",
        "phase_1_a/a.pth: 1 of 2 values of lifelong_method",
    ]
    (lacking,) = differences(one, sequence("bare"))
    assert lacking.startswith("phase_1_a/a.pth") and lacking.endswith("values of lifelong_method")


def test_a_depth_that_is_not_measured_is_equal_to_itself(sequence):
    def kept(*depths):
        return dict(lifelong_method=dict(depth=torch.tensor(depths)))

    one = sequence("one", **kept(float("nan"), 0.0))
    assert differences(one, sequence("same", **kept(float("nan"), 0.0))) == []
    for name, depths in (("other", (1.0, 0.0)), ("sign", (float("nan"), -0.0))):
        assert len(differences(one, sequence(name, **kept(*depths)))) == 1


def test_exit_codes_of_finished_failed_and_killed_children(tmp_path, monkeypatch):
    from mmlhl.analysis.benchmarks import kills

    monkeypatch.setattr(kills, "load_everything", lambda: None)
    log = tmp_path / "log"
    assert finish(start(lambda: os.write(1, b"hello"), log=log)) == [0]

    def fail():
        raise RuntimeError("boom")

    assert finish(start(fail, log=log)) == [1]
    assert log.read_text() == "hello"

    assert finish(start(lambda: time.sleep(60), log=log), 0.05) == [-9]
