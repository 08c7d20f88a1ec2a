# SPDX-License-Identifier: Apache-2.0
"""Storm limits: one VM floods at ten times its limit; the others do not notice, the
port is named, and the limit stays while weftd is away."""
import re
import threading
import time

from agree import agree, explain, known
from frames import Wire, ethernet, BROADCAST, has
from weftlab import run, wait_for

TOPOLOGY = """version: 1
switches:
  kvm1: {dpid: 0x11, vtep: 10.99.0.1}
  kvm2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  red:
    subnet: 10.20.0.0/24
    storm: {broadcast: 200pps, multicast: 200pps, unknown: 100pps}
    ports: [kvm1:loud, kvm1:calm, kvm2:far, kvm2:near]
"""
MULTICAST, NOBODY = "01:00:5e:01:02:03", "02:00:00:00:77:77"


class Flood:
    """So many frames a second out of a VM, until the block ends."""

    def __init__(self, wire, frame, pps):
        self.wire, self.frame, self.pps, self.n, self.stop = wire, frame, pps, 0, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        start = time.monotonic()
        while not self.stop:
            due = int((time.monotonic() - start) * self.pps)
            while self.n < due and not self.stop:
                try:
                    self.wire.send(self.frame)
                except OSError:         # the device's queue is full
                    break
                self.n += 1
            time.sleep(0.002)

    def __enter__(self):
        self.start = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()
        self.seconds = time.monotonic() - self.start


def pings(l, a, b, count=50):
    """Lost in percent, and the mean round trip in ms."""
    text = l.exec(a, "ping", "-n", "-q", "-i", "0.05", "-c", count, "-W", "2", l.ip(b), check=False).stdout
    loss = float(re.search(r"([\d.]+)% packet loss", text).group(1))
    rtt = re.search(r"= [\d.]+/([\d.]+)/", text)
    return loss, float(rtt.group(1)) if rtt else float("inf")


def storm_of(l, kind, port="loud"):
    uses = l.port("kvm1", port)["networks"]
    return next(s for s in uses[0]["storm"] if s["kind"] == kind)


def problems(l, kind="storm"):
    return [p["text"] for p in l.status()["problems"] if p["kind"] == kind]


def frame_to(l, dst):
    return ethernet(dst, l.vm("loud")["mac"], b"flooding".ljust(60, b"."), 0x88b5)


def in_storm(l, kind):
    """explain while it goes on, the one before perhaps not over yet: the others are reached, and so is who is known by who floods; that
    its floods are cut is a note."""
    for v6 in (False, True):
        answer = agree(l, "calm", "near", v6=v6)
        assert answer["verdict"] == "reachable" and not [n for n in answer["notes"] if n["kind"] == "storm"]
    answer = explain(l, "loud", "far", code=0)
    notes = [n for n in answer["notes"] if n["kind"] == "storm"]
    assert all("kvm1:loud" in n["text"] and "a second" in n["text"] and n["line"] for n in notes), notes
    assert any(kind in n["text"] for n in notes), notes
    # Its neighbour is known to it: what goes to one known host is not limited.
    assert l.ping("loud", "far", 3, 5)


def limited(l, dst, kind, limit):
    """At ten times the limit: what comes through, who is named, who is hurt."""
    with l.wire("loud") as loud, l.wire("far") as far:
        calm = pings(l, "calm", "near")
        far.forget()
        before = storm_of(l, kind)["dropped"]
        with Flood(loud, frame_to(l, dst), 10 * limit) as flood:
            wait_for("the port is named", lambda: storm_of(l, kind)["active"] and any("kvm1:loud" in p for p in problems(l)), 10)
            named = time.monotonic() - flood.start
            disturbed = pings(l, "calm", "near")
            in_storm(l, kind)
        came = far.count(has(b"flooding"))
        sent, seconds = flood.n, flood.seconds
    # One second's worth comes on top.
    print(f"{kind}: {sent / seconds:.0f} frames/s sent, {came / seconds:.0f} arrived, limit {limit}; named after "
          f"{named:.1f} s; ping {calm[1]:.2f} ms, {calm[0]:.0f} % lost, in the storm {disturbed[1]:.2f} ms, "
          f"{disturbed[0]:.0f} % lost")
    assert sent > 4 * limit * seconds, "the sender was too slow"
    assert 0.5 * limit * seconds < came < 1.3 * limit * seconds + limit
    assert disturbed[0] == 0
    wait_for("all that was dropped is counted", lambda: storm_of(l, kind)["dropped"] - before >= 0.95 * (sent - came), 5)
    port = l.port("kvm1", "loud")
    assert port["state"] == "storm" and "network red" in port["why"]
    assert l.port("kvm1", "calm")["state"] == "ok"


def test_ten_times_the_limit(lab):
    l = lab(TOPOLOGY)
    l.ping_all()
    known(l, "calm", "near", "loud", "far")
    for dst, kind, limit in ((BROADCAST, "broadcast", 200), (MULTICAST, "multicast", 200), (NOBODY, "unknown", 100)):
        limited(l, dst, kind, limit)
    wait_for("the storms are over", lambda: not problems(l), 30)
    kinds = [(e["kind"], e["storm"], e["where"]) for e in l.weft("show", "events")["events"]
             if e["kind"].startswith("storm")]
    for what in ("storm", "storm-over"):
        assert [k for k in kinds if k[0] == what] == [(what, kind, "kvm1:loud")
                                                      for kind in ("broadcast", "multicast", "unknown")]


def test_known_hosts_and_small_talk_pass(lab):
    """Unicast to a known host is never limited, nor is what stays below."""
    l = lab(TOPOLOGY)
    l.ping_all()
    with l.wire("loud") as loud, l.wire("far") as far:
        with Flood(loud, frame_to(l, l.vm("far")["mac"]), 1000) as flood:
            wait_for("enough", lambda: flood.n > 2000, 20)
        wait_for("all arrive", lambda: far.count(has(b"flooding")) == flood.n, 5)
        far.forget()
        with Flood(loud, frame_to(l, BROADCAST), 100) as flood:
            wait_for("enough", lambda: flood.n > 200, 20)
        wait_for("all arrive", lambda: far.count(has(b"flooding")) == flood.n, 5)
    assert not problems(l)


def test_limits_outlive_weftd_and_edits(lab):
    """No flow-mod after a restart; a new rate changes a meter and no row; none is no limit."""
    l = lab(TOPOLOGY)
    l.ping_all()
    l.wait_rest()
    l.kill_weftd()
    with l.wire("loud") as loud, l.wire("far") as far:
        with Flood(loud, frame_to(l, BROADCAST), 2000) as flood:
            wait_for("enough", lambda: flood.n > 4000, 20)
        assert far.count(has(b"flooding")) < 1.3 * 200 * flood.seconds + 200
    l.start_weftd()
    l.wait_rest()
    assert l.sent() == {"kvm1": 0, "kvm2": 0}
    # What was dropped while it was away is no storm of now.
    assert storm_of(l, "broadcast")["dropped"] == 0 and not problems(l)
    l.edit(TOPOLOGY.replace("broadcast: 200pps", "broadcast: 300pps"))
    assert l.sent() == {"kvm1": 0, "kvm2": 0}
    assert storm_of(l, "broadcast")["limit_pps"] == 300
    meters = l.ofctl("kvm1", "dump-meters", "br-int")
    assert "rate=300" in meters, meters
    l.edit(TOPOLOGY.replace("kvm1:loud", "{port: kvm1:loud, storm: {broadcast: none}}"))
    with l.wire("loud") as loud, l.wire("far") as far:
        with Flood(loud, frame_to(l, BROADCAST), 500) as flood:
            wait_for("enough", lambda: flood.n > 1000, 20)
        wait_for("all arrive", lambda: far.count(has(b"flooding")) == flood.n, 5)
