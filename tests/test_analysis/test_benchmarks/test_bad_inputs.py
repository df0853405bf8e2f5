from types import SimpleNamespace

from mmlhl.analysis.benchmarks.bad_inputs import Collector, table


def report(when="call", passed=True, **noted):
    return SimpleNamespace(
        nodeid="test[case]",
        when=when,
        passed=passed,
        failed=not passed,
        user_properties=list(noted.items()),
    )


def noted(case, seconds, message="wrong", section="labels"):
    return dict(section=section, case=case, error="ValueError", seconds=seconds, message=message)


def test_collector_keeps_refusals_and_names_failed_tests():
    seen = Collector()
    seen.pytest_runtest_logreport(report("setup", **noted("a", 1.0)))
    seen.pytest_runtest_logreport(report(**noted("a", 1.0)))
    seen.pytest_runtest_logreport(report())
    seen.pytest_runtest_logreport(report(passed=False, **noted("b", 2.0)))
    assert [each.case for each in seen.refusals] == ["a"]
    assert seen.failed == ["test[case]"]


def test_table():
    seen = Collector()
    for each in (
        noted("an id of 300", 0.04, "a.png: 300 | `x`\nof 4"),
        noted("no phase", 1.26, "phases", "phases"),
        noted("a long one", 0.0, "known are " + 100 * "name "),
    ):
        seen.pytest_runtest_logreport(report(**each))
    text = table(seen.refusals, "the command")
    assert "`the command`" in text and "**3 bad inputs" in text and "takes 1.3 s" in text
    assert "| an id of 300 | 0.04 | `ValueError: a.png: 300 \\| 'x' of 4` |" in text
    assert text.index("## Labels") < text.index("a long one") < text.index("## Phases")
    longest = next(line for line in text.splitlines() if "a long one" in line)
    assert longest.endswith(" ...` |") and len(longest) < 340
