# SPDX-License-Identifier: Apache-2.0
"""Links that carry nothing although their ports are up: found by BFD, or by probes of
weftd; and nothing else is taken for that. Issue "Liveness"."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from test_links import links, pull, settled_links, topology
from test_underlays import TWO
from weftlab import paths_rest, wait_for

INTERVAL_MS = 1000                      # between two probes of weftd


def state(l, i=0):
    return links(l)[i]["state"]


class Hole:
    """What one end of a cable sends, or both, goes nowhere; the carrier stays."""

    def __init__(self, l, i=0, ends="ab"):
        self.l, self.cable, self.ends = l, l.map["links"][i], ends

    def nft(self, end, text):
        self.l.ns(self.cable[f"ns_{end}"], "nft", text)

    def __enter__(self):
        self.begin()
        return self

    def __exit__(self, *_):
        self.end()

    def begin(self):
        for end in self.ends:
            port = self.cable[f"port_{end}"]
            self.nft(end, f"add table netdev hole_{port}; add chain netdev hole_{port} c "
                          f"{{ type filter hook egress device {port} priority 0; }}; add rule netdev hole_{port} c drop")

    def end(self):
        for end in self.ends:
            self.nft(end, f"delete table netdev hole_{self.cable[f'port_{end}']}")


def with_bfd(l, ms=100):
    for host in l.map["hosts"]:
        ports = [c[f"port_{e}"] for c in l.map["links"] for e in "ab" if c[f"switch_{e}"] == host]
        args = []
        for port in ports:
            args += ["--", "set", "interface", port, "bfd:enable=true", f"bfd:min_rx={ms}", f"bfd:min_tx={ms}"]
        l.vsctl(host, *args[1:])
    wait_for("BFD is up everywhere", lambda: all(k["bfd"] == "up" and k["state"] in ("up", "resting") for k in links(l)), 30)


SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n, start = 0, time.monotonic()
while True:
    s.sendto(n.to_bytes(8, "big"), (sys.argv[1], 7000))
    n += 1
    time.sleep(max(0, start + n / 1000 - time.monotonic()))
"""
RECEIVER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7000))
while True:
    data = s.recv(64)
    sys.stdout.write(f"{int.from_bytes(data, 'big')} {time.monotonic()}\\n")
    sys.stdout.flush()
"""


class Stream:
    """Numbered UDP datagrams from one VM to another, a thousand per second."""

    def __init__(self, l, a, b):
        self.path = l.base / f"stream-{len(l.children)}"
        self.out = open(self.path, "w+")
        self.procs = [self.start(l, b, self.out, RECEIVER), self.start(l, a, subprocess.DEVNULL, SENDER, l.ip(b))]
        wait_for("the stream is heard", lambda: os.path.getsize(self.path) > 10000, 20)

    @staticmethod
    def start(l, vm, out, script, *args):
        proc = subprocess.Popen(["ip", "netns", "exec", l.vm(vm)["ns"], "/usr/bin/python3", "-c", script, *args],
                                stdout=out, stderr=subprocess.DEVNULL)
        l.children.append(proc)
        return proc

    def stop(self):
        """The longest silence in ms, and how many datagrams were lost. Half a second of it is waited for first."""
        size = os.path.getsize(self.path)
        wait_for("it goes on", lambda: os.path.getsize(self.path) > size + 5000, 20)
        for proc in reversed(self.procs):
            proc.kill()
            proc.wait(10)
        self.out.close()
        heard = [(int(n), float(t)) for n, t in (line.split() for line in self.path.read_text().split("\n")[:-1])]
        gap = max(b[1] - a[1] for a, b in zip(heard, heard[1:]))
        return gap * 1000, heard[-1][0] - heard[0][0] + 1 - len({n for n, _ in heard})


def outage(l, ends, what):
    """The cable between va and vb swallows; the traffic goes round. Then it is whole again."""
    assert l.ping("va", "vb", 3)
    stream = Stream(l, "va", "vb")
    with Hole(l, 0, ends):
        wait_for("the link is not used", lambda: state(l) in ("silent", "down"), 20)
        l.wait_rest()
        gap, lost = stream.stop()
        print(f"{what}, blackhole of {'both ways' if ends == 'ab' else 'what ' + ends + ' sends'}: "
              f"{gap:.0f} ms of silence, {lost} datagrams lost at 1 kHz; {links(l)[0]['why']}")
        stream = Stream(l, "va", "vb")
    wait_for("the link is good again", lambda: state(l) in ("up", "resting"), 20)
    l.wait_rest()
    back_gap, back_lost = stream.stop()
    print(f"{what}, restored ({state(l)}): {back_gap:.0f} ms, {back_lost} datagrams lost")
    return gap, lost, back_lost


@pytest.mark.parametrize("ends", ["ab", "a", "b"])
def test_blackhole_without_bfd(lab, ends):
    l = lab(topology("abc", "ab bc ca"))
    settled_links(l, 3)
    l.ping_all()
    assert all(k["bfd"] == "unseen" for k in links(l))
    problem = next(p for p in l.status()["problems"] if p["kind"] == "link-no-bfd")
    assert "bfd:enable=true bfd:min_rx=100 bfd:min_tx=100" in problem["hint"]
    gap, _, back_lost = outage(l, ends, "no BFD")
    assert gap < 3 * INTERVAL_MS
    # While the ways are changed, frames are dropped for a round trip to the switches.
    assert back_lost <= 50
    events = l.weft("show", "events")["events"]
    assert any(e["kind"] == "link-silent" and "carries nothing although its ports are up" in e["text"] for e in events)


@pytest.mark.parametrize("ends", ["ab", "a"])
def test_blackhole_with_bfd(lab, ends):
    l = lab(topology("abc", "ab bc ca"))
    settled_links(l, 3)
    l.ping_all()
    with_bfd(l)
    assert not [p for p in l.status()["problems"] if p["kind"] == "link-no-bfd"]
    # Switching it on was a failure of each link, a moment long: it may rest now. Nobody is in a hurry.
    wait_for("all are up", lambda: all(k["state"] == "up" for k in links(l)), 60)
    gap, _, _ = outage(l, ends, "BFD 100 ms x 3")
    assert gap < INTERVAL_MS
    assert links(l)[0]["bfd"] == "up"


class Silence:
    """Tells when no switch has heard of weftd for six seconds: then they ask whether it is there. That is longer than an
    answer to a probe is worth anything (5 s), and it takes six more until they give up the connection."""
    MS = 6000

    def __init__(self, l):
        self.l, self.seen = l, {}
        for host in l.map["hosts"]:
            for controller in l.vsctl(host, "--bare", "--columns=_uuid", "list", "controller").split():
                l.vsctl(host, "set", "controller", controller, f"inactivity_probe={self.MS}")
            l.appctl(host, "vlog/set", "rconn:file:dbg")

    def log(self, host):
        return pathlib.Path(self.l.map["hosts"][host]["vswitchd_log"]).read_text(errors="replace")

    def begins(self):
        self.seen = {host: len(self.log(host)) for host in self.l.map["hosts"]}

    def is_noticed(self):
        asks = re.escape(self.l.map["weftd"]["listen"]) + r": idle \d+ seconds, sending inactivity probe"
        return all(re.search(asks, self.log(host)[seen:]) for host, seen in self.seen.items())


def unread(l, host):
    """Bytes of weftd that wait for the switch. A probe is more than a hundred, a question whether it lives some thirty."""
    port = l.map["weftd"]["listen"].rsplit(":", 1)[1]
    return sum(int(line.split()[0]) for line in
               l.ns(l.map["hosts"][host]["ns"], "ss", "-Htn", "state", "established", f"dport = :{port}").stdout.splitlines())


def test_a_stalled_daemon_or_switch_kills_no_link(lab):
    l = lab(topology("abc", "ab bc ca"))
    settled_links(l, 3)
    l.ping_all()
    silence = Silence(l)
    pid, vswitchd = l.weftd_pid(), int(open(l.map["hosts"]["b"]["vswitchd_pid_file"]).read())
    # With probes under way, whose answers will be too old when it reads them.
    os.kill(vswitchd, signal.SIGSTOP)
    try:
        wait_for("probes wait at b", lambda: unread(l, "b") > 100)
        os.kill(pid, signal.SIGSTOP)
        silence.begins()
    finally:
        os.kill(vswitchd, signal.SIGCONT)
    try:
        wait_for("the switches ask where weftd is", silence.is_noticed, 30)
    finally:
        os.kill(pid, signal.SIGCONT)
    l.wait_ready()
    for seconds in (1.5, 2.5):
        os.kill(vswitchd, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(vswitchd, signal.SIGCONT)
        l.wait_ready()
    settled_links(l, 3)
    assert all(k["flaps"] == 0 for k in links(l)), links(l)
    assert not any(e["kind"] == "link-silent" for e in l.weft("show", "events")["events"])


def test_it_rests_and_the_only_one_does_not(lab):
    """Of a ring: it rests after the second failure. Of a line: it is used at once."""
    l = lab(topology("abc", "ab bc ca") )
    settled_links(l, 3)
    for _ in range(2):
        pull(l, 0, "down")
        wait_for("down", lambda: state(l) == "down")
        pull(l, 0, "up")
        wait_for("there again", lambda: state(l) in ("up", "resting"))
    link = links(l)[0]
    assert link["state"] == "resting" and link["flaps"] == 2 and 0 < link["rest_seconds"] <= 30, link
    assert link["trees"] == []
    l.wait_rest()
    l.ping_all()
    # Now it is the only one to b.
    pull(l, 1, "down")
    l.ping_all(seconds=8)
    assert state(l) == "resting" and links(l)[0]["trees"] == ["red"]


def test_restart_while_a_link_is_silent(lab):
    """The rows that are there lead around it; nothing is sent, and it is not tried."""
    l = lab(topology("abc", "ab bc ca"))
    settled_links(l, 3)
    l.ping_all()
    with Hole(l, 0, "a"):
        wait_for("silent", lambda: state(l) == "silent", 20)
        l.wait_rest()
        l.ping_all()
        paths_rest(l)
        l.kill_weftd(signal.SIGKILL)
        l.start_weftd()
        time.sleep(3)
        l.wait_rest()
        assert set(l.sent().values()) == {0}, l.sent()
        assert state(l) == "silent"
        l.ping_all()
    settled_links(l, 3)


def test_what_is_measured(lab):
    l = lab(topology("ab", "ab"))
    settled_links(l, 1)
    link = wait_for("measured", lambda: next((k for k in links(l) if k["probes"] >= 8), None), 30)
    print({k: link[k] for k in ("delay_us", "jitter_us", "loss_percent_from_a", "loss_percent_from_b", "probes")})
    assert link["loss_percent_from_a"] == link["loss_percent_from_b"] == 0
    assert 0 <= link["delay_us"] < 100000


def edge(l, name):
    return next(k for k in links(l) if k["name"] == name)


def test_tunnels(lab):
    """Each by its own underlay; one with BFD, one by probes alone."""
    l = lab(TWO)
    names = {k["name"] for k in links(l)}
    assert {"k1-k2@red", "k1-k2@blue"} < names and all(k["kind"] == "tunnel" for k in links(l)), names
    third = next(n for n in names if "k3" in n and "k1" in n)
    wait_for("probes come through all of them", lambda: all(
        k["state"] == "up" and k["probes"] >= 5 for k in links(l) if "k3" not in k["name"] or k["name"] == third), 40)
    underlay = l.map["underlay"]["ns"]
    gates = {(h, u["underlay"]): u["port"] for h in ("k1", "k2", "k3") for u in l.map["hosts"][h]["underlays"]}

    # What the network does to k1's blue VTEP: BFD on the tunnel's own port sees it, or probes do.
    port, started = gates["k1", "blue"], time.monotonic()
    l.ns(underlay, "ip", "link", "set", port, "down")
    wait_for("blue is dead", lambda: edge(l, "k1-k2@blue")["state"] in ("down", "silent"), 20)
    print(f"tunnel with BFD at 100 ms: {edge(l, 'k1-k2@blue')['why']}, after {time.monotonic() - started:.2f} s")
    assert edge(l, "k1-k2@red")["state"] == "up"
    l.ns(underlay, "ip", "link", "set", port, "up")

    port, started = gates["k3", "red"], time.monotonic()
    l.ns(underlay, "nft", f"add table netdev h; add chain netdev h c {{ type filter hook egress device {port} priority 0; }}; "
                          "add rule netdev h c udp dport 4789 drop")
    wait_for("nothing comes to k3", lambda: edge(l, third)["state"] == "silent", 20)
    print(f"tunnel without BFD: silent after {time.monotonic() - started:.2f} s")
    assert time.monotonic() - started < 4
    l.ns(underlay, "nft", "delete table netdev h")
    started = time.monotonic()
    wait_for("it is back", lambda: edge(l, third)["state"] == "up", 40)
    print(f"... back after {time.monotonic() - started:.1f} s")
    wait_for("blue is back", lambda: edge(l, "k1-k2@blue")["state"] in ("up", "resting"), 60)
