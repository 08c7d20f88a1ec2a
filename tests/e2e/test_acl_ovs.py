# SPDX-License-Identifier: Apache-2.0
"""Random rules on real Open vSwitch: what comes out for real frames, and what
ofproto/trace says under every state of connection tracking, is what the reference
reads in the file. WEFT_SEED repeats a run, WEFT_ACL_FILES sets how many files."""
import os
import re
import time

import pytest

from weftlab import BUILD, run, wait_for

SEED = int(os.environ.get("WEFT_SEED", time.time()))
FILES = int(os.environ.get("WEFT_ACL_FILES", 3))
PROBE = BUILD / "tests/e2e/acl_probe"
PLACES = ("a:r1", "a:r2", "b:r1", "b:r2", "a:b1", "b:b2")
MACS = {place: f"02:00:00:00:00:0{n}" for n, place in enumerate(PLACES, 1)}


def random_text(seed, *simple):
    """Switches are called aa and bb here: `ip link set a ...` would not take a for a name."""
    text = run(PROBE, "file", seed, *simple).stdout
    return re.sub(r"(?<![a-z0-9])([ab]):(?=[rb]| \{dpid)", r"\1\1:", text)


def real(place):
    return place[0] + place


def frames(l, seed, n):
    for line in run(PROBE, "frames", seed, n, l.file).stdout.splitlines():
        sender, state, raw, _, *places = line.split(" ")
        yield sender, state, bytes.fromhex(raw), set(filter(None, places))


def wires_of(l):
    names = {f"{vm['host'][0]}:{vm['port']}": name for name, vm in l.map["vms"].items()}
    return {place: l.wire(names[place]) for place in PLACES}


def learn(l, wires):
    """Every host is known: ARP passes but where a rule names it, so ask again without rules."""
    for place, wire in wires.items():
        wire.send(bytes.fromhex("ffffffffffff" + MACS[place].replace(":", "") + "88b5").ljust(60, b"\0"))
    for place in PLACES:
        l.wait_host(MACS[place], real(place))
    l.wait_rest()
    # The first frames into a tunnel are lost until the hosts have found each other.
    for here, there in (("a:r1", "b:r1"), ("b:r1", "a:r1")):
        def crosses():
            wires[here].send(bytes.fromhex("ffffffffffff" + MACS[here].replace(":", "") + "88b7").ljust(60, b"\0"))
            return wires[there].wait(lambda f: f[12:14] == b"\x88\xb7", 0.3)
        wait_for(f"{here} reaches {there}", crosses, 20)


def plain(text):
    """The file without its lists: for learning."""
    return re.sub(r",? *acl(_out)?: l\d", "", text.split("groups:")[0])


@pytest.mark.parametrize("n", range(FILES))
def test_real_frames(lab, n):
    seed = SEED + n
    print("seed", seed)
    text = random_text(seed, "simple")
    l = lab(plain(text))
    wires = wires_of(l)
    learn(l, wires)
    l.edit(text)
    cases = list(frames(l, seed, 400))
    for wire in wires.values():
        wire.forget()
    got = [set() for _ in cases]
    for first in range(0, len(cases), 50):
        batch = range(first, min(first + 50, len(cases)))
        for i in batch:
            wires[cases[i][0]].send(cases[i][2])

        def all_there():
            for place, wire in wires.items():
                for frame in wire.read():
                    number = int.from_bytes(frame[-4:], "big")
                    if len(frame) == 100 and 0 < number <= len(cases) and frame == cases[number - 1][2]:
                        got[number - 1].add(place)
            return all(cases[i][3] <= got[i] for i in batch)
        try:
            wait_for("what shall come out", all_there, 10)
        except AssertionError:
            missing = [(c[0], c[2].hex(), c[3] - got[i]) for i, c in enumerate(cases) if i in batch and c[3] - got[i]]
            raise AssertionError(f"seed {seed}: missing {missing}") from None
    # What else is on its way has come when a last broadcast has come everywhere.
    l.edit(plain(text))
    for place, wire in wires.items():
        wire.send(bytes.fromhex("ffffffffffff" + MACS[place].replace(":", "") + "88b6").ljust(60, b"\1"))
    for place, wire in wires.items():
        assert wire.wait(lambda f: f[12:14] == b"\x88\xb6"), place
        for frame in wire.read():
            number = int.from_bytes(frame[-4:], "big")
            if len(frame) == 100 and 0 < number <= len(cases) and frame == cases[number - 1][2]:
                got[number - 1].add(place)
    for (sender, _, frame, expected), places in zip(cases, got):
        assert places == expected, (seed, sender, frame.hex(), expected, places)
    assert sum(len(c[3]) for c in cases) > 20


def local_outs(text, ports):
    """Ports of the bridge that a trace sends to."""
    outs, lines = set(), text.splitlines()
    for line, after in zip(lines, lines[1:] + [""]):
        m = re.match(r"\s+output:(\d+)$", line)
        if m and "skipping output to input port" not in after and m.group(1) in ports:
            outs.add(ports[m.group(1)])
    return outs


@pytest.mark.parametrize("n", range(FILES))
def test_traces(lab, n):
    seed = SEED + 1000 + n
    print("seed", seed)
    text = random_text(seed).replace("bb:r*", "bb:r1").replace(", tag: 5", "")
    text = re.sub(r"( +- \{port: \"bb:)r1(\".*\n)", r"\1r1\2\1r2\2", text)
    l = lab(plain(text))
    learn(l, wires_of(l))
    l.edit(text)
    ofport = {place: l.vsctl(place[0] * 2, "get", "interface", place[2:], "ofport") for place in PLACES}
    n_traced = 0
    for sender, state, frame, expected in frames(l, seed, 120):
        host = sender[0]
        ports = {number: place for place, number in ofport.items() if place[0] == host}
        trace = l.appctl(host * 2, "ofproto/trace", "br-int", f"in_port={ofport[sender]}", "--ct-next", state, frame.hex())
        here = {place for place in expected if place[0] == host}
        assert local_outs(trace, ports) == here, (seed, sender, state, frame.hex(), here, trace)
        n_traced += 1
    assert n_traced == 120
