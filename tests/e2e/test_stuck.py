# SPDX-License-Identifier: Apache-2.0
"""Scenario N7, promise P6: a switch that does not read delays nobody."""
import os
import signal
import time

from frames import arp_request
from test_reload import Prober
from test_restart import LAN3
from weftlab import wait_for


def state(l, name):
    return l.switch(name)["state"]


def test_stuck_switch_delays_nobody(lab):
    l = lab(LAN3)
    l.ping_all()
    l.wait_rest()
    prober = Prober(l, "a1", "a3", "0.01")
    stuck = l.map["hosts"]["k2"]["vswitchd_pid"]
    os.kill(stuck, signal.SIGSTOP)
    try:
        macs = [f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}" for i in range(1, 301)]
        began = time.monotonic()
        # Learned behind k1, and told to k3, while k2 does not take its rows. OVS keeps
        # 100 packet-ins per connection, so a burst is said again by those not heard.
        with l.wire("a1") as w:
            def all_learned():
                known = {h["mac"] for h in l.hosts()}
                silent = [m for m in macs if m not in known]
                for mac in silent[:80]:
                    w.send(arp_request(mac, "10.20.0.200", "10.20.0.201"))
                return not silent
            wait_for("all learned", all_learned, 5)
        wait_for("k3 knows the last one", lambda: any(macs[-1] in f for f in l.flows("k3", "table=70")), 5)
        print(f"{len(macs)} hosts learned and told beside a stuck switch in "
              f"{(time.monotonic() - began) * 1000:.0f} ms")
        wait_for("k2 counts as dead", lambda: state(l, "k2") != "connected", 6)
        assert state(l, "k1") == state(l, "k3") == "connected"
    finally:
        os.kill(stuck, signal.SIGCONT)
    wait_for("k2 is back", lambda: state(l, "k2") == "connected", 20)
    l.wait_rest()
    assert any(macs[-1] in f for f in l.flows("k2", "table=70"))
    sent, received = prober.stop()
    assert sent == received
