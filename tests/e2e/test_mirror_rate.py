# SPDX-License-Identifier: Apache-2.0
"""`mirror` and `rate` of a port on real switches: what is copied and what is not, what passes, and that neither
is felt by anybody else."""
import json
import subprocess

from agree import agree, known
from frames import BROADCAST, arp_request, ethernet, has, mac_bytes, udp, vlan
from weftlab import wait_for

PLAIN = """version: 1
switches:
  kvm1: {dpid: 0x11, vtep: 10.99.0.1}
  kvm2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  red:
    subnet: 10.20.0.0/24
    acl: red
    ports: [kvm1:va, kvm1:vb, {port: kvm1:tr, tag: 20}, kvm2:vc]
acls:
  red: {stateful: true, rules: [{deny: udp, port: 2222}, {allow: any}]}
x-lab: {vms: {tap: {port: kvm1:tap0}}}
"""
MIRRORED = PLAIN.replace("kvm1:va,", "{port: kvm1:va, mirror: kvm1:tap0},") \
    .replace("tag: 20}", "tag: 20, mirror: kvm1:tap0}")
VMS = ["tr", "va", "vb", "vc"]
FLOOR = 50e6                            # bit/s: half of that of S14, for each frame is sent twice


def iperf(l, a, b, *args):
    """The client's account of a second of iperf3."""
    server = subprocess.Popen(["ip", "netns", "exec", l.vm(b)["ns"], "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    try:
        wait_for("iperf3 listens", lambda: ":5201" in l.exec(b, "ss", "-Hlnt").stdout)
        return json.loads(l.exec(a, "iperf3", "-J", "-c", l.ip(b), *args).stdout)["end"]
    finally:
        server.terminate()
        server.wait()


def tcp(l, a, b):
    return iperf(l, a, b, "-t", "1")["sum_received"]["bits_per_second"]


class Scene:
    """Frames that are told apart by a number of their own, and who got them."""

    def __init__(self, l):
        self.l, self.n, self.wires = l, 0, {name: l.wire(name) for name in VMS + ["tap"]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for wire in self.wires.values():
            wire.close()

    def mac(self, name):
        return self.l.vm(name)["mac"]

    def frame(self, src, dst, tags=b"", **more):
        self.n += 1
        self.mark = f"number {self.n};".encode()
        return udp(dst if ":" in dst else self.mac(dst), self.mac(src), self.mark, tags=tags, **more)

    def copies(self, src, dst, n, to=(), tags=b"", **more):
        """Sends it, and one behind it that all hear: by then everything has come. What tap got."""
        self.wires[src].send(self.frame(src, dst, tags, **more))
        mark = self.mark
        behind = "vb" if src in ("va", "tr") else "va"
        self.wires[src].send(self.frame(src, behind, vlan(20) if src == "tr" else b""))
        assert self.wires[behind].wait(has(self.mark))
        assert self.wires["tap"].wait(has(self.mark)), "all that follows goes by a mirrored port, too"
        got = [f for f in self.wires["tap"].read() if mark in f]
        assert len(got) == n, (src, dst, got)
        assert all(self.wires[name].wait(has(mark)) for name in to), (src, dst)
        assert [name for name in VMS if self.wires[name].count(has(mark))] == sorted(to), (src, dst)
        return got


def hear_both_ways(s):
    sent = s.copies("va", "vb", 1, ["vb"])
    assert sent[0][:14] == mac_bytes(s.mac("vb")) + mac_bytes(s.mac("va")) + b"\x08\x00"
    s.copies("vb", "va", 1, ["va"])
    s.copies("va", BROADCAST, 1, ["vb", "vc", "tr"])
    s.copies("vb", BROADCAST, 1, ["va", "vc", "tr"])
    s.copies("vc", BROADCAST, 1, ["va", "vb", "tr"])
    s.copies("vc", "va", 1, ["va"])
    s.copies("va", "vc", 1, ["vc"])
    s.copies("va", "02:00:00:00:77:77", 1, ["vb", "vc", "tr"])


def hear_tags(s):
    """As the host sees them. Between two that are mirrored: once, as it came."""
    assert s.copies("tr", "vb", 1, ["vb"], vlan(20))[0][12:16] == vlan(20)
    assert s.copies("vb", "tr", 1, ["tr"])[0][12:16] == vlan(20)
    assert s.copies("tr", "va", 1, ["va"], vlan(20))[0][12:16] == vlan(20)
    assert s.copies("va", "tr", 1, ["tr"])[0][12:14] == b"\x08\x00"
    assert s.copies("va", "vb", 1, [], vlan(99))[0][12:16] == vlan(99)


def hear_what_is_dropped(s):
    """What va sends and nobody gets; nothing of what va is spared."""
    s.copies("va", "vb", 1, [], dport=2222)
    s.copies("vb", "va", 0, [], dport=2222)
    lldp = ethernet("01:80:c2:00:00:0e", s.mac("va"), b"who is there", 0x88cc)
    s.wires["va"].send(lldp)
    assert s.wires["tap"].wait(has(b"who is there"))


def hear_answers(s):
    """The switch answers; the question and the answer are traffic of va."""
    l = s.l
    s.wires["tap"].forget()
    s.wires["va"].send(arp_request(s.mac("va"), l.ip("va"), l.ip("vb")))
    arp = [s.wires["tap"].wait(lambda f, op=op: f[12:14] == b"\x08\x06" and f[21] == op) for op in (1, 2)]
    assert all(arp) and arp[1][:6] == mac_bytes(s.mac("va")) and arp[1][6:12] == mac_bytes(s.mac("vb"))


def hear_nothing_from(s):
    """What comes in at the mirror port is dropped and counted; nobody stands there."""
    row = f"table=0,in_port={s.l.port('kvm1', 'tap0')['ofport']}"
    before = s.l.packets("kvm1", row)
    for dst in (BROADCAST, s.mac("va")):
        s.wires["tap"].send(s.frame("va", dst))
        s.wires["tap"].send(ethernet(dst, "02:00:00:00:66:66", s.mark))
    wait_for("all are counted", lambda: s.l.packets("kvm1", row) >= before + 4)
    s.copies("va", "vb", 1, ["vb"])
    assert not any(s.wires[name].count(has(s.mark)) for name in ("vc", "tr"))
    assert not [h for h in s.l.hosts() if h["where"] == "kvm1:tap0"]


def test_s45_a_mirror_comes_and_goes(lab):
    l = lab(PLAIN)
    l.ping_all(VMS)
    known(l, *VMS)
    before = l.sent()
    l.edit(MIRRORED)
    sent = {name: n - before[name] for name, n in l.sent().items()}
    assert sent["kvm1"] < 20 and not sent["kvm2"], sent
    l.kill_weftd()
    l.start_weftd()
    l.wait_rest()
    assert l.sent() == {"kvm1": 0, "kvm2": 0}
    assert l.port("kvm1", "va")["mirror"] == "kvm1:tap0"
    tap = l.port("kvm1", "tap0")
    assert tap["state"] == "mirror" and sorted(tap["mirrored"]) == ["tr", "va"]
    with Scene(l) as s:
        hear_both_ways(s)
        hear_tags(s)
        hear_what_is_dropped(s)
        hear_answers(s)
        s.wires["tap"].forget()
        assert l.ping("vb", "vc") and not s.wires["tap"].count(has(mac_bytes(s.mac("vc")) + mac_bytes(s.mac("vb"))))
        hear_nothing_from(s)
        mirrored = tcp(l, "va", "vb")
        for a, b in (("va", "vb"), ("vc", "tr")):
            answer = agree(l, a, b)
            assert answer["verdict"] == "reachable"
        for wire in s.wires.values():   # full of what iperf3 sent
            wire.forget()
        s.copies("va", "vb", 1, ["vb"])
        l.edit(PLAIN)
        s.wires["tap"].forget()
        assert l.ping("va", "vb") and l.ping("vc", "tr") and not s.wires["tap"].read()
    plain = tcp(l, "va", "vb")
    print(f"TCP {plain / 1e6:.0f} Mbit/s, with a mirror {mirrored / 1e6:.0f}")
    assert min(plain, mirrored) > FLOOR


RATED = """version: 1
switches:
  kvm1: {dpid: 0x11, vtep: 10.99.0.1}
  kvm2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  red:
    subnet: 10.20.0.0/24
    arp: flood                          # so that nothing is learned but hosts, and a restart has nothing to send
    ports: [{port: kvm1:va, rate: 20Mbit}, kvm1:vb, kvm2:vc]
"""


def udp_rate(l, a, b, rate):
    """What of that many Mbit/s came through in a second, in Mbit/s."""
    end = iperf(l, a, b, "-u", "-b", f"{rate}M", "-l", "1200", "-t", "1")["sum"]
    return end["bits_per_second"] / 1e6 * (1 - end["lost_percent"] / 100)


def test_a_port_is_held_to_its_rate(lab):
    l = lab(RATED)
    l.ping_all()
    l.wait_rest()
    passed, below = udp_rate(l, "va", "vb", 100), udp_rate(l, "va", "vc", 10)
    tcps = tcp(l, "va", "vb"), tcp(l, "vb", "va")
    print(f"20 Mbit/s: UDP 100 -> {passed:.1f}, 10 -> {below:.1f}; TCP {tcps[0] / 1e6:.1f}, to it {tcps[1] / 1e6:.0f}")
    # A quarter of a second's worth comes on top.
    assert 15 < passed < 28 and below > 9
    assert 8e6 < tcps[0] < 30e6 and tcps[1] > 2 * tcps[0]
    port = l.port("kvm1", "va")
    rate = port["networks"][0]["rate"]
    assert port["state"] == "rate" and rate["active"] and rate["limit_kbps"] == 20000 and rate["dropped"] > 1000, port
    assert l.port("kvm1", "vb")["networks"][0]["rate"] is None
    status = l.status()
    told = [p for p in status["problems"] if p["kind"] == "rate"]
    assert len(told) == 1 and told[0]["severity"] == "info" and "20Mbit" in told[0]["text"], told
    assert status["verdict"] == "ok", status["problems"]
    assert [e["where"] for e in l.weft("show", "events", "kind=rate")["events"]] == ["kvm1:va"]
    # Another number: one meter of one switch, and no row. A restart: nothing.
    before = l.sent()
    l.edit(RATED.replace("20Mbit", "50Mbit"))
    assert l.sent() == before
    assert "rate=50000 burst_size=12500" in l.ofctl("kvm1", "dump-meters", "br-int")
    l.kill_weftd()
    assert 37 < udp_rate(l, "va", "vb", 100) < 70
    l.start_weftd()
    l.wait_rest()
    assert l.sent() == {"kvm1": 0, "kvm2": 0}
    assert not l.port("kvm1", "va")["networks"][0]["rate"]["active"]
    l.edit(RATED.replace("{port: kvm1:va, rate: 20Mbit}", "kvm1:va"))
    assert udp_rate(l, "va", "vb", 90) > 70
