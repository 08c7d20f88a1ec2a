# SPDX-License-Identifier: Apache-2.0
"""A cable or a switch on a path dies: how long the traffic stands still, with weftd and
without it. The switch beside the fault repairs the path by itself."""
import statistics

from test_links import pull, topology
from test_reload import Prober
from weftlab import select_nothing, wait_for

INTERVAL = 0.002


def begin(lab, cables):
    switches = "".join(sorted(set(cables) - {" "}))
    l = lab(topology(switches, cables, extra="te: {interval: 4s, hold_up: 2s}\n"))
    n = len(switches) * (len(switches) - 1)
    wait_for("pairs are steered", lambda: l.weft("show", "te")["labels"]["pairs"] == n, 60)
    l.ping_all()
    l.wait_rest()
    return l


def outages(l, faults, a, b):
    """Milliseconds of silence for each fault and each repair."""
    out = {}
    for name, cables in faults.items():
        for state in ("down", "up"):
            prober = Prober(l, a, b, str(INTERVAL))
            select_nothing(0.5)
            for i in cables:
                pull(l, i, state)
            select_nothing(1.5)
            sent, answered = prober.stop()
            out[name, state] = (sent - answered) * INTERVAL * 1000
            if state == "up" and l.weftd_pid():
                select_nothing(4)
                l.wait_rest()
    return out


def told(what, out):
    down = [ms for (_, state), ms in out.items() if state == "down"]
    up = [ms for (_, state), ms in out.items() if state == "up"]
    print(f"{what}: silent for {sorted(round(ms) for ms in down)} ms, median {statistics.median(down):.0f}; "
          f"when it comes back {sorted(round(ms) for ms in up)} ms")
    return statistics.median(down)


def test_cables_of_a_ring(lab):
    l = begin(lab, "ab bc cd da")
    cables = {f"cable {i}": [i] for i in range(4)}
    assert told("a cable, weftd alive", outages(l, cables, "va", "vc")) <= 50
    l.wait_rest()
    l.kill_weftd()
    assert told("a cable, weftd killed", outages(l, cables, "va", "vc")) <= 50
    l.start_weftd()
    l.wait_rest()
    l.ping_all()


def test_a_switch_dies(lab):
    """All its cables lose the carrier: what went through it goes around it."""
    l = begin(lab, "ab bc cd da")
    # Cables in the order of their names: ab, ad, bc, cd.
    switches = {"b": [0, 2], "d": [1, 3]}
    assert told("a switch, weftd alive", outages(l, switches, "va", "vc")) <= 50
    l.wait_rest()
    l.kill_weftd()
    assert told("a switch, weftd killed", outages(l, switches, "va", "vc")) <= 50
    l.start_weftd()
    l.wait_rest()
    l.ping_all()
