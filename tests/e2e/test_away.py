# SPDX-License-Identifier: Apache-2.0
"""Scenario N1 over VXLAN, under load: weftd is killed and comes back, and known
hosts do not notice. WEFT_AWAY_SECONDS says how long it is away; 60 is the
scenario, and a few seconds are enough to see a row that is missing."""
import json
import os
import signal
import subprocess
import time

from test_reload import Prober, settled
from test_vxlan import OFFICE, VXLAN3, rows
from weftlab import select_nothing, wait_for

AWAY = float(os.environ.get("WEFT_AWAY_SECONDS", "6"))
# Load, not a flood: Open vSwitch takes frames out of sockets that hold some 90 of
# them, and a machine with other work to do leaves it waiting for a few 10 ms.
MBIT = 20


class Load:
    """TCP between two VMs until it is stopped; what the receiver got."""

    def __init__(self, l, a, b, seconds):
        self.server = self.start(l, b, "-s", "-1", "-J")
        wait_for("iperf3 listens", lambda: ":5201" in l.exec(b, "ss", "-Hlnt").stdout)
        self.client = self.start(l, a, "-c", l.ip(b), "-b", f"{MBIT}M", "-l", "4K", "-t", str(seconds), "-J")

    @staticmethod
    def start(l, vm, *args):
        proc = subprocess.Popen(["ip", "netns", "exec", l.vm(vm)["ns"], "iperf3", *args],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        l.children.append(proc)
        return proc

    def mbit_per_second(self):
        """Per second of the run, so that a hole shows."""
        out, _ = self.client.communicate(timeout=120)
        return [i["sum"]["bits_per_second"] / 1e6 for i in json.loads(out)["intervals"]]


def test_n1_away_and_back_under_load(lab):
    l = lab(VXLAN3)
    l.ping_all(OFFICE)
    l.wait_rest()
    load = Load(l, "a1", "a2", AWAY + 6)
    # 100 a second are wanted; ping comes late on a busy machine.
    probers = [Prober(l, "b1", "b2", "0.005"), Prober(l, "b1", "a3", "0.005"), Prober(l, "a1", "b1", "0.005")]
    l.kill_weftd(signal.SIGKILL)
    before = rows(l)
    start = time.monotonic()
    select_nothing(AWAY)                # the time itself is what is tested
    l.start_weftd()
    assert settled(l) == {"k1": 0, "k2": 0, "k3": 0}, "a flow-mod after a restart"
    away = time.monotonic() - start
    counts = [p.stop() for p in probers]
    rates = load.mbit_per_second()
    print(f"weftd away for {away:.1f} s under {MBIT} Mbit/s of TCP (slowest second {min(rates):.0f}): "
          f"{sum(s for s, _ in counts)} pings ({min(s for s, _ in counts) / away:.0f} a second and pair), "
          f"{sum(s - r for s, r in counts)} lost, flow-mods {l.sent()}")
    assert min(sent for sent, _ in counts) > 50 * AWAY
    assert sum(sent - received for sent, received in counts) <= l.overruns(), "lost, and not by a busy machine"
    assert min(rates) > MBIT / 4
    assert rows(l) == before
