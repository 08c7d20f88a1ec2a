# SPDX-License-Identifier: Apache-2.0
"""VMs on three hosts and machines on the LAN are one segment, by one gateway at a
time. Promises P1, P4, P5; scenarios N4, S25, S26 in our words."""
import signal

from frames import arp_request, has
from test_reload import Prober
from weftlab import wait_for

# In preference k3, then k2. Two machines on the LAN; lab stays away from it.
OFFICE = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  office:
    vni: 10020
    subnet: 10.20.0.0/24
    physical: {ports: [k3:eno2, k2:eno2], vlan: 20}
    ports: [k1:a1, k2:a2, k3:a3]
  lab:
    vni: 10030
    subnet: 10.30.0.0/24
    ports: [k1:l1, k2:l2, k3:l3]
x-lab:
  machines:
    printer: {network: office}
    scanner: {network: office}
"""
ALL = ("a1", "a2", "a3", "printer", "scanner")


def gateway(l):
    return next(n["gateway"] for n in l.weft("show", "networks")["networks"] if n["name"] == "office")


def nobody(l, n):
    """The n-th address that no VM or machine has."""
    used = {vm["ip"] for vm in l.map["vms"].values()}
    return [f"10.20.0.{i}" for i in range(1, 255) if f"10.20.0.{i}" not in used][n]


def who_has(l, who, ip):
    """As the VM or machine puts it on its wire: machines with the tag of the LAN."""
    frame = arp_request(l.vm(who)["mac"], l.ip(who), ip)
    return frame if l.vm(who)["host"] else frame[:12] + b"\x81\x00\x00\x14" + frame[12:]


def ask_all(l, who, ip, wires):
    """A broadcast of `who`: each other one hears it once, and it does not come back."""
    for w in wires.values():
        w.forget()
    wires[who].send(who_has(l, who, ip))
    mark = has(bytes(int(n) for n in ip.split(".")))
    for n in wires:
        if n != who:
            assert wires[n].wait(mark), f"{n} does not hear {who}"
    return {n: wires[n].count(mark) for n in wires}


def test_one_segment_once_each_none_across(lab):
    l = lab(OFFICE)
    l.ping_all(ALL)
    l.ping_all(["l1", "l2", "l3"])
    wires = {n: l.wire(n) for n in ALL}
    outside = l.wire("l2")
    for i, who in enumerate(ALL):
        heard = ask_all(l, who, nobody(l, i), wires)
        assert heard == {n: int(n != who) for n in ALL}, (who, heard)
    assert not outside.count(has(bytes(int(n) for n in nobody(l, 0).split("."))))
    # The machine is known, is shown where it is, and nobody floods for it.
    where = {h["mac"]: h["where"] for h in l.hosts()}
    assert where[l.vm("printer")["mac"]] == "k3:eno2"
    assert gateway(l) == "k3:eno2"
    assert l.port("k2", "eno2")["state"] == "standby"
    assert not any(p["kind"].startswith("lan-") for p in l.status()["problems"])


def test_p1_and_p4_with_a_gateway(lab):
    l = lab(OFFICE)
    l.ping_all(ALL)
    l.wait_rest()
    prober = Prober(l, "a1", "printer", "0.002")
    l.kill_weftd(signal.SIGKILL)
    l.start_weftd()
    l.wait_rest()
    assert set(l.sent().values()) == {0}
    assert gateway(l) == "k3:eno2"
    sent, received = prober.stop(100)
    assert sent == received
    print(f"restart with a gateway: {sent} probes, {sent - received} lost")


def lost_ms(prober, interval):
    sent, received = prober.stop()
    return (sent - received) * interval * 1000


def test_gateway_failover(lab):
    """The link of the gateway's port dies; then its whole switch; then both return."""
    l = lab(OFFICE)
    l.ping_all(ALL)
    lan = l.map["lan"]
    port = next(u["lan_port"] for u in lan["uplinks"] if u["switch"] == "k3")
    prober = Prober(l, "a1", "printer", "0.001")
    l.ns(lan["ns"], "ip", "link", "set", port, "down")
    wait_for("k2 takes over", lambda: gateway(l) == "k2:eno2")
    assert any(p["kind"] == "lan-no-spare" for p in l.status()["problems"])
    l.ping_all(["a1", "printer"])
    gap = lost_ms(prober, 0.001)
    print(f"gateway port down: {gap:.0f} ms lost at 1 kHz")
    assert gap < 1000
    l.ping_all(ALL)
    prober = Prober(l, "a1", "printer", "0.001")
    l.ns(lan["ns"], "ip", "link", "set", port, "up")
    wait_for("k3 has it again", lambda: gateway(l) == "k3:eno2")
    l.ping_all(["a1", "printer"])
    gap = lost_ms(prober, 0.001)
    print(f"gateway port up again: {gap:.0f} ms lost at 1 kHz")
    assert gap < 1000
    # Nobody hears anything twice, and nothing goes round.
    wires = {n: l.wire(n) for n in ALL}
    heard = ask_all(l, "scanner", nobody(l, 10), wires)
    assert heard == {n: int(n != "scanner") for n in ALL}, heard


def test_a_gateway_without_weftd_is_fenced(lab):
    """k3 loses weftd, and goes on as the gateway it was: no loop, nothing twice."""
    l = lab(OFFICE)
    l.ping_all(ALL)
    l.ns(l.map["ctl"]["ns"], "ip", "link", "set", l.map["hosts"]["k3"]["mgmt_port"], "down")
    wait_for("k2 takes over", lambda: gateway(l) == "k2:eno2")
    l.wait_rest()
    wires = {n: l.wire(n) for n in ALL}
    for i, who in enumerate(ALL):
        for w in wires.values():
            w.forget()
        ip = nobody(l, i)
        wires[who].send(who_has(l, who, ip))
        mark = has(bytes(int(n) for n in ip.split(".")))
        for n in ALL:
            if n not in (who, "a3") and who != "a3":
                assert wires[n].wait(mark), (who, n)
        for n in ALL:
            assert wires[n].count(mark) <= 1, f"{n} hears {who} {wires[n].count(mark)} times"
    l.ns(l.map["ctl"]["ns"], "ip", "link", "set", l.map["hosts"]["k3"]["mgmt_port"], "up")
    wait_for("k3 is back and has it again", lambda: gateway(l) == "k3:eno2", 20)
    l.wait_rest()
    l.purge_caches()
    l.ping_all(ALL)
    heard = ask_all(l, "printer", nobody(l, 20), wires)
    assert heard == {n: int(n != "printer") for n in ALL}, heard


def test_the_lan_learns_the_new_gateway(lab):
    """One frame of each host leaves by the new port."""
    l = lab(OFFICE)
    l.ping_all(ALL)
    lan = l.map["lan"]
    ports = {u["switch"]: u["lan_port"] for u in lan["uplinks"]}
    from frames import Wire
    with Wire(lan["ns"], ports["k2"]) as tap:
        tap.forget()
        l.ns(lan["ns"], "ip", "link", "set", ports["k3"], "down")
        for vm in ("a1", "a2", "a3"):
            mac = bytes.fromhex(l.vm(vm)["mac"].replace(":", ""))
            assert tap.wait(lambda f, m=mac: f[6:12] == m and f[16:18] == b"\x80\x35"), vm


def test_to_a_machine_and_back(lab):
    """V2P: a MAC leaves its VM port for a machine on the LAN, and returns."""
    l = lab(OFFICE)
    l.ping_all(ALL)
    mac, ip = "02:00:00:00:77:01", nobody(l, 30)
    with l.wire("a1") as a1, l.wire("scanner") as scanner, l.wire("a2") as a2:
        a1.send(arp_request(mac, ip, nobody(l, 31)))
        l.wait_host(mac, "k1:a1")
        # While its port is up, what the LAN sends with that source does not move it.
        frame = arp_request(mac, ip, nobody(l, 32))
        tagged = frame[:12] + b"\x81\x00\x00\x14" + frame[12:]
        scanner.send(tagged)
        assert a2.wait(has(bytes(int(n) for n in nobody(l, 32).split("."))))
        assert {h["mac"]: h["where"] for h in l.hosts()}[mac] == "k1:a1"
        l.ns(l.vm("a1")["ns"], "ip", "link", "set", "eth0", "down")
        wait_for("the port is down", lambda: not l.port("k1", "a1")["up"])
        scanner.send(tagged)
        l.wait_host(mac, "k3:eno2")
        l.ns(l.vm("a1")["ns"], "ip", "link", "set", "eth0", "up")
        wait_for("the port is up", lambda: l.port("k1", "a1")["up"])
        with l.wire("a1") as again:
            again.send(arp_request(mac, ip, nobody(l, 33)))
        l.wait_host(mac, "k1:a1")
