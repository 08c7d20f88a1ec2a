# SPDX-License-Identifier: Apache-2.0
"""Two weftd at one bridge: the one that started last is in charge, the other
stands by, sends nothing, and takes over when the first is gone."""
import signal
import time

from frames import arp_request
from t1 import t1
from test_reload import Prober
from weftlab import WEFTD, Second, run, wait_for


def test_the_later_one_is_in_charge_and_the_other_stands_by(lab):
    l = lab(t1(), standby=False)
    l.ping_all()
    l.wait_rest()
    sent = l.sent()["s1"]
    # Not with the memory of the first.
    third = run(WEFTD, "--listen", "tcp:127.0.0.1:0", "--run-dir", l.base / "third", "--state-dir", l.dir / "state",
                l.file, check=False)
    assert third.returncode == 1 and f"another weftd (pid {l.weftd_pid()}) keeps its state in" in third.stderr, third
    prober = Prober(l, "h1", "h2", "0.002")
    second = Second(l)
    second.tell_switches()
    wait_for("the second is in charge", lambda: second.switches()[0]["state"] == "connected")
    wait_for("the first stands by", lambda: l.switch("s1")["state"] == "standby")
    problems = l.weft("status", code=3)["problems"]
    assert [p["kind"] for p in problems] == ["switch-standby"], problems
    with l.wire("h3") as w3:
        w3.send(arp_request("02:00:00:00:22:01", "10.0.0.77", "10.0.0.99"))
        wait_for("the second learns", lambda: any("02:00:00:00:22:01" in f for f in l.flows("s1", "table=60")))
    # Longer than a beat and the time after which one takes over; some tables are audited meanwhile.
    end = time.monotonic() + 10
    while time.monotonic() < end:
        assert l.switch("s1")["state"] == "standby" and second.switches()[0]["state"] == "connected"
        assert any("02:00:00:00:22:01" in f for f in l.flows("s1", "table=60")), "the other one's host was removed"
        time.sleep(0.2)
    # Two rows of the host, four of its address.
    assert second.switches()[0]["sync"]["flow_mods"] == 6, "the second sent more than the new host"
    # The one in charge dies; who stood by takes over and believes what it finds.
    second.proc.send_signal(signal.SIGKILL)
    second.proc.wait(10)
    wait_for("the first takes over", lambda: l.switch("s1")["state"] == "connected", 20)
    l.wait_rest()
    assert l.sent()["s1"] == 0, "it sent flow-mods for what was there"
    assert "02:00:00:00:22:01" in {h["mac"] for h in l.hosts()}
    l.ping_all()
    sent, received = prober.stop(1000)
    assert sent == received
