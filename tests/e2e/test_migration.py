# SPDX-License-Identifier: Apache-2.0
"""A VM moves to another host, with its MAC and IP, while it is pinged: how long
it is not heard, and that nothing of the old place is left."""
import subprocess
import threading

from frames import arp_request
from weftlab import run, wait_for

HOSTS = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  office:
    subnet: 10.20.0.0/24
    ports: [k1:a1, k2:a2, k3:a3, "k*:guest*"]
x-lab:
  vms:
    guest: {port: "k1:guest0"}
"""
OUTAGE_SECONDS = 2.0                    # the bound; what was measured is printed


class Answers:
    """ping at 100 Hz from one VM to another, and when each answer came."""

    def __init__(self, l, a, b):
        self.proc = subprocess.Popen(["ip", "netns", "exec", l.vm(a)["ns"], "ping", "-n", "-D", "-i", "0.01", l.ip(b)],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        l.children.append(self.proc)
        self.times, self.sequence = [], []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.proc.stdout:
            if "bytes from" in line:    # [SECONDS] 64 bytes from ...: icmp_seq=N ttl=..
                self.times.append(float(line[1:line.index("]")]))
                self.sequence.append(int(line.split("icmp_seq=")[1].split()[0]))

    def stop(self):
        """Seconds of the longest silence, and how many were not answered."""
        self.proc.send_signal(2)
        self.reader.join(10)
        gap = max(b - a for a, b in zip(self.times, self.times[1:]))
        return gap, self.sequence[-1] - len(set(self.sequence))


def more(pings, n):
    """Waits until each has so many more answers."""
    want = {p: len(p.times) + n for p in pings}
    wait_for(f"{n} more answers", lambda: all(len(p.times) >= want[p] for p in pings), 15)


def migrate(l, port, old, new):
    """The far end of the VM's cable is pulled out of one host and put into the
    other, whose bridge has a port waiting, as a hypervisor prepares it; then
    the guest says where it is, as qemu does for it."""
    ns = {k: h["ns"] for k, h in l.map["hosts"].items()}
    l.vsctl(new, "--no-wait", "add-port", "br-int", port)
    run("ip", "-n", ns[old], "link", "set", port, "netns", ns[new])
    run("ip", "-n", ns[new], "link", "set", port, "up")
    l.vsctl(old, "--no-wait", "del-port", "br-int", port)
    wait_for("its cable has carrier", lambda: "LOWER_UP" in l.exec("guest", "ip", "link", "show", "eth0").stdout)
    with l.wire("guest") as wire:
        wire.send(arp_request(l.vm("guest")["mac"], l.ip("guest"), l.ip("guest")))


def test_a_vm_moves_under_ping(lab):
    l = lab(HOSTS)
    mac = l.vm("guest")["mac"]
    l.ping_all()
    # A guest that is moved keeps its carrier and so its neighbours; this one loses it for a moment.
    l.exec("guest", "ip", "neigh", "replace", l.ip("a2"), "lladdr", l.vm("a2")["mac"], "dev", "eth0", "nud", "permanent")
    everyone = {n: l.vm(n)["mac"] for n in ("a1", "a2", "a3")}
    for old, new in (("k1", "k2"), ("k2", "k3"), ("k3", "k1")):
        pings = {n: Answers(l, n, "guest") for n in ("a1", "a3")}
        pings["guest"] = Answers(l, "guest", "a2")
        more(pings.values(), 30)
        migrate(l, "guest0", old, new)
        l.wait_host(mac, f"{new}:guest0")
        more(pings.values(), 100)
        results = {n: p.stop() for n, p in pings.items()}
        print(f"{old} -> {new}: " + ", ".join(f"{n} {gap * 1000:.0f} ms silent, {lost} lost"
                                              for n, (gap, lost) in results.items()))
        assert max(gap for gap, _ in results.values()) < OUTAGE_SECONDS
        # One place, no row of the old one anywhere, and everybody else where they were.
        l.wait_rest()
        where = {h["mac"]: h["where"] for h in l.hosts()}
        assert [h["where"] for h in l.hosts() if h["mac"] == mac] == [f"{new}:guest0"]
        assert {n: where[m] for n, m in everyone.items()} == {n: l.vm(n)["where"] for n in everyone}
        ofport = int(l.vsctl(new, "get", "interface", "guest0", "ofport"))
        vtep = int.from_bytes(bytes(int(x) for x in l.map["hosts"][new]["vtep"].split(".")), "big")
        for k in ("k1", "k2", "k3"):
            source = l.flows(k, f"table=60,dl_src={mac}")
            to = l.flows(k, f"table=70,dl_dst={mac}")
            assert len(source) == (k == new) and len(to) == 1, (k, source, to)
            assert (f"0x{ofport:x}->reg2" if k == new else f"0x{vtep:x}->reg3") in to[0], (k, to)
        assert f"in_port={ofport}" in l.flows(new, f"table=60,dl_src={mac}")[0]
        assert "guest0" not in {p["name"] for p in l.weft("show", "ports")["ports"] if p["switch"] == old}
