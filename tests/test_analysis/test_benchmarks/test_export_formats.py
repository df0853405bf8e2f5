"""A row per network, with the difference or the reason why there is no graph."""

from shared_fixtures import two_stages

from mmlhl.analysis.benchmarks import export_formats
from mmlhl.analysis.benchmarks.export_formats import Network, export_report


def test_a_row_per_network(monkeypatch):
    decoder = dict(type="FCNHead", in_channels=8, in_index=1, num_convs=1)
    networks = dict(
        plain=Network(two_stages(), decoder), one=Network(two_stages(), decoder, (32, 48))
    )
    networks["wrong"] = Network(two_stages(), dict(decoder, in_channels=5))
    monkeypatch.setattr(export_formats, "NETWORKS", networks)
    text = export_report(list(networks), ["torchscript"], "the command")
    plain, one, wrong = text.splitlines()[-3:]
    assert plain == "| plain | 0.0e+00 |"
    assert one == "| one, size 32x48 | 0.0e+00 |"
    assert wrong.startswith("| wrong | refused: ResNet with FCNHead cannot be exported to model.pt")
    assert "at 2x64x96, 1x96x160, 3x77x101" in text
