# SPDX-License-Identifier: Apache-2.0
"""Faults on a steered network, and what a stream of a thousand numbered datagrams a second loses by each: for
test_failover.py and for `make bench-failover`."""
import json
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import time

from weftlab import run, select_nothing, wait_for

HOLD_UP = 2             # seconds

# They come with the time they were sent at, so that a reader that is late makes no outage.
SENDER = """
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n, start = 0, time.monotonic()
while True:
    s.sendto(struct.pack("!Qd", n, time.monotonic()), (sys.argv[1], 7000))
    n += 1
    time.sleep(max(0, start + n / 1000 - time.monotonic()))
"""
RECEIVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(("", 7000))
while True:
    sys.stdout.buffer.write(s.recv(16))
    sys.stdout.buffer.flush()
"""


class Stream:
    """From one VM to another. What is lost is looked at by the sender's clock."""

    def __init__(self, l, a, b):
        self.path = l.base / f"stream-{len(l.children)}"
        self.out = open(self.path, "wb")
        self.receiver = self.start(l, b, self.out, RECEIVER)
        self.sender = self.start(l, a, subprocess.DEVNULL, SENDER, l.ip(b))
        wait_for("the stream is heard", lambda: os.path.getsize(self.path) > 3000, 20)

    @staticmethod
    def start(l, vm, out, script, *args):
        argv = ["ip", "netns", "exec", l.vm(vm)["ns"], "/usr/bin/python3", "-c", script, *args]
        child = subprocess.Popen(argv, stdout=out, stderr=subprocess.DEVNULL)
        l.children.append(child)
        return child

    def goes_on(self, seconds):
        """A tenth of a second of it comes."""
        size = os.path.getsize(self.path)
        wait_for("the stream goes on", lambda: os.path.getsize(self.path) > size + 1600, seconds)

    def stop(self):
        """[(number, when sent)] of all that came, sorted."""
        self.sender.kill()
        self.sender.wait(10)
        select_nothing(0.3)
        self.receiver.kill()
        self.receiver.wait(10)
        self.out.close()
        data = self.path.read_bytes()
        return sorted(struct.iter_unpack("!Qd", data[:len(data) // 16 * 16]))


def lost(heard, since, until):
    """Datagrams sent in that time that did not come, and the longest silence by the sender's clock, in ms: from the
    last that came before it to the first one after."""
    n, silence = 0, 0
    for (a, sent_a), (b, sent_b) in zip(heard, heard[1:]):
        if b > a + 1 and sent_b > since and sent_a < until:
            n += b - a - 1
            silence = max(silence, 1000 * (sent_b - sent_a))
    return n, silence


# --- networks ------------------------------------------------------------------------------------------------

def cables(hold_up=HOLD_UP):
    """A ring of four: two ways from a to c, and each stands by for the other."""
    text = "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n"
    text += "networks:\n  red: {subnet: 10.20.0.0/24, ports: [a:va, c:vc]}\nlinks:\n"
    for one, other in ("ab", "bc", "cd", "da"):
        text += f"  - {{between: [\"{one}:l{one}{other}\", \"{other}:l{other}{one}\"]}}\n"
    return text + f"te: {{interval: 4s, hold_up: {hold_up}s}}\n"


def tunnels(bfd=True, hold_up=HOLD_UP):
    """Three hosts, each in two underlays."""
    text = "version: 1\nunderlays: {red: {main: true}, blue: {}}\nswitches:\n"
    for i in "123":
        text += f"  k{i}: {{dpid: {i}, vteps: {{red: 10.99.0.{i}, blue: 10.98.0.{i}}}}}\n"
    text += "networks:\n  office: {vni: 10020, subnet: 10.20.0.0/24, ports: [k1:va, k2:vc, k3:vx]}\nlinks:\n"
    for i, k in ("12", "13", "23"):
        for color in ("red", "blue"):
            ports = f", bfd: [k{i}:{color}-{k}, k{k}:{color}-{i}]" if bfd else ""
            text += f"  - {{between: [k{i}, k{k}], underlay: {color}{ports}}}\n"
    return text + f"te: {{interval: 4s, hold_up: {hold_up}s}}\n"


def links(l):
    return l.weft("show", "links")["links"]


def te(l):
    return l.weft("show", "te")


def is_calm(l):
    """All links carry, none rests or is held back, and nothing changes."""
    now = te(l)
    return now["state"] == "rest" and now["labels"]["pairs"] and all(
        k["state"] == "up" and not k.get("held_seconds") for k in links(l))


def wait_calm(l, seconds=30, again=3):
    """A link that failed often rests for long: the same with a weftd that has forgotten it."""
    for left in reversed(range(again + 1)):
        try:
            wait_for("all links are good and nothing changes", lambda: is_calm(l), seconds, 0.2)
            break
        except AssertionError as error:
            if not left:
                bad = [(k["name"], k["state"], k["flaps"], k["why"]) for k in links(l) if k["state"] != "up"]
                raise AssertionError(f"{error}: {bad}, {te(l)['state']}") from error
            l.kill_weftd()
            l.start_weftd(wait=False)
    l.wait_rest(30)


def begin(l):
    wait_calm(l)
    wait_for("the VMs reach each other", lambda: l.ping("va", "vc") and l.ping("vc", "va"), 30)
    wait_calm(l)


# --- where the stream is -------------------------------------------------------------------------------------

def sent_packets(ns, dev):
    return json.loads(run("ip", "-n", ns, "-j", "-s", "link", "show", dev).stdout)[0]["stats64"]["tx"]["packets"]


def busiest(ends):
    """Of [(ns, dev)], the one that sends most just now."""
    before = {end: sent_packets(*end) for end in ends}
    select_nothing(0.3)
    return max(ends, key=lambda end: sent_packets(*end) - before[end])


def used_cable(l):
    """The cable that a sends the stream by."""
    ends = {(c[f"ns_{e}"], c[f"port_{e}"]): c for c in l.map["links"] for e in "ab" if c[f"switch_{e}"] == "a"}
    return ends[busiest(list(ends))]


def used_gate(l, host="k1"):
    """The port of the underlay's switch to the host's NIC that carries the stream."""
    ns = l.map["hosts"][host]["ns"]
    gates = {(ns, g["dev"]): g for g in l.map["hosts"][host]["underlays"]}
    return l.map["underlay"]["ns"], gates[busiest(list(gates))]["port"]


# --- faults: each is a function of the lab that does it and returns what undoes it -------------------------------

def carrier(l):
    cable = used_cable(l)
    ns, port = cable["ns_a"], cable["port_a"]
    run("ip", "-n", ns, "link", "set", port, "down")
    return lambda: run("ip", "-n", ns, "link", "set", port, "up")


def drop_all(ns, ports, what=""):
    text = "add table netdev hole; "
    for i, port in enumerate(ports):
        text += (f"add chain netdev hole c{i} {{ type filter hook egress device {port} priority 0; }}; "
                 f"add rule netdev hole c{i} {what} drop; ")
    run("ip", "netns", "exec", ns, "nft", text)
    return lambda: run("ip", "netns", "exec", ns, "nft", "delete table netdev hole")


def several(*undo):
    return lambda: [u() for u in undo]


def hole(l):
    cable = used_cable(l)
    return several(*(drop_all(cable[f"ns_{e}"], [cable[f"port_{e}"]]) for e in "ab"))


def hole_one_way(l):
    """What a sends is swallowed, and a hears all that comes."""
    cable = used_cable(l)
    end = "a" if cable["switch_a"] == "a" else "b"
    return drop_all(cable[f"ns_{end}"], [cable[f"port_{end}"]])


def node(l):
    """The switch on the way loses power: its cables lose the carrier."""
    cable = used_cable(l)
    away = cable["switch_b"] if cable["switch_a"] == "a" else cable["switch_a"]
    ends = [(c[f"ns_{e}"], c[f"port_{e}"]) for c in l.map["links"] for e in "ab" if c[f"switch_{e}"] == away]
    for ns, port in ends:
        run("ip", "-n", ns, "link", "set", port, "down")
    return lambda: [run("ip", "-n", ns, "link", "set", port, "up") for ns, port in ends]


def node_stands(l):
    """Its ovs-vswitchd stands still: the ports of all cables stay up."""
    cable = used_cable(l)
    away = cable["switch_b"] if cable["switch_a"] == "a" else cable["switch_a"]
    pid = int(pathlib.Path(l.map["hosts"][away]["vswitchd_pid_file"]).read_text())
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


def underlay_cut(l):
    """The NIC of k1 in the underlay that the stream takes; no port of a bridge of weft sees it."""
    ns, port = used_gate(l)
    run("ip", "-n", ns, "link", "set", port, "down")
    return lambda: run("ip", "-n", ns, "link", "set", port, "up")


def underlay_hole(l):
    """What the underlay should bring to k1 and from it goes nowhere."""
    ns, port = used_gate(l)
    text = (f"add table netdev hole; add chain netdev hole o {{ type filter hook egress device {port} priority 0; }}; "
            f"add rule netdev hole o udp dport 4789 drop; "
            f"add chain netdev hole i {{ type filter hook ingress device {port} priority 0; }}; "
            f"add rule netdev hole i udp dport 4789 drop")
    run("ip", "netns", "exec", ns, "nft", text)
    return lambda: run("ip", "netns", "exec", ns, "nft", "delete table netdev hole")


def underlay_hole_one_way(l):
    """What k1 sends into the underlay goes nowhere; it hears all."""
    ns, port = used_gate(l)
    text = (f"add table netdev hole; add chain netdev hole i {{ type filter hook ingress device {port} priority 0; }}; "
            f"add rule netdev hole i udp dport 4789 drop")
    run("ip", "netns", "exec", ns, "nft", text)
    return lambda: run("ip", "netns", "exec", ns, "nft", "delete table netdev hole")


# --- measuring --------------------------------------------------------------------------------------------------

class Result:
    def __init__(self, name):
        self.name = name
        self.lost, self.silent = [], []         # by the fault, of each round
        self.back, self.gaps = [], []           # after its end; gaps: [(ms after it, datagrams)]

    def median(self):
        return statistics.median(self.silent)

    def row(self):
        return (f"{self.name:48} {self.median():6.0f} {max(self.silent):6.0f}  "
                f"{' '.join(map(str, sorted(self.lost))):26} {' '.join(map(str, sorted(self.back)))}")


    def say(self):
        """All that was measured, in a line that needs no head."""
        when = "".join(f" ({n} at {ms} ms)" for gaps in self.gaps for ms, n in gaps)
        return (f"{self.name}: {' '.join(f'{ms:.0f}' for ms in self.silent)} ms of silence, lost {' '.join(map(str, self.lost))} "
                f"of 1,000 a second, {' '.join(map(str, self.back))} after its end{when}, load {os.getloadavg()[0]:.1f}")


HEAD = f"{'ms of silence, lost of 1,000 a second':48} {'median':>6} {'worst':>6}  {'lost':26} lost after its end"


def one(l, fault, result, **kwargs):
    stream = Stream(l, "va", "vc")
    try:
        under(l, stream, fault, result, **kwargs)
    finally:
        if stream.sender.poll() is None:
            stream.stop()


def under(l, stream, fault, result, down=2.0, slow=20):
    """The fault comes under the stream, stays until the stream has come on for `down` seconds, and goes. With weftd
    alive the stream goes on until all is as before."""
    alive = l.weftd_pid() is not None
    select_nothing(0.3)
    began = time.monotonic()
    undo = fault(l)
    try:
        stream.goes_on(slow)
        select_nothing(down)
        if alive:
            l.wait_rest(30)
    finally:
        ended = time.monotonic()
        undo()
    if alive:
        # Home: after the hold-up and the grace of the change, if it failed for the first time.
        select_nothing(HOLD_UP + 5)
    else:
        # BFD needs a second or two; then traffic comes home by itself.
        select_nothing(4)
    heard = stream.stop()
    n, silent = lost(heard, began, ended)
    back, _ = lost(heard, ended, heard[-1][1])
    result.lost.append(n)
    result.silent.append(silent if n else 0)
    result.back.append(back)
    if back:
        result.gaps.append([(round(1000 * (a[1] - ended)), b[0] - a[0] - 1) for a, b in zip(heard, heard[1:])
                             if b[0] > a[0] + 1 and b[1] > ended])


def measure(l, name, fault, rounds, **kwargs):
    result = Result(name)
    for _ in range(rounds):
        if l.weftd_pid():
            wait_calm(l)
        one(l, fault, result, **kwargs)
    return result
