# SPDX-License-Identifier: Apache-2.0
"""weftd away and back: promises P1, P4, P8; scenarios N1 (short), N2, N8."""
import json
import re
import signal
import subprocess

from frames import arp_request
from t1 import t1
from test_reload import Prober, settled
from weftlab import wait_for

LAN3 = """version: 1
switches: {k1: {dpid: 0x11}, k2: {dpid: 0x12}, k3: {dpid: 0x13}}
networks:
  office:
    subnet: 10.20.0.0/24
    transport: vlan
    vlan: 20
    uplinks: [k1:up1, k2:up2, k3:up3]
    ports: [k1:a1, k1:b1, k2:a2, k3:a3]
"""


def test_p1_restart_sends_nothing_and_loses_nothing(lab):
    l = lab(t1())
    l.ping_all()
    l.wait_rest()
    flows = sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f) for f in l.flows("s1"))
    prober = Prober(l, "h1", "h2", "0.001")
    server = subprocess.Popen(["ip", "netns", "exec", l.vm("h4")["ns"], "iperf3", "-s", "-1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    l.children.append(server)
    wait_for("the server", lambda: "5201" in l.exec("h4", "ss", "-ltn").stdout)
    client = subprocess.Popen(["ip", "netns", "exec", l.vm("h3")["ns"], "iperf3", "-J", "-t", "6", "-b", "50M",
                               "-c", l.ip("h4")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    l.children.append(client)
    for _ in range(2):
        l.kill_weftd(signal.SIGKILL)
        l.start_weftd()
        assert l.sent() == {"s1": 0}
    iperf = json.loads(client.communicate(timeout=30)[0])
    server.wait(20)
    sent, received = prober.stop(1000)
    print(f"two kills under load: {sent} probes, {sent - received} lost, flow-mods {l.sent()}, "
          f"iperf3 {iperf['end']['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s")
    assert sent == received
    assert l.sent() == {"s1": 0}
    assert all(i["sum"]["bytes"] > 0 for i in iperf["intervals"]), "iperf3 stood still"
    after = sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f) for f in l.flows("s1"))
    assert after == flows
    assert {h["mac"] for h in l.hosts()} >= {l.vm(n)["mac"] for n in ("h1", "h2", "h3", "h4")}
    assert settled(l) == {"s1": 0}


def test_p1_across_hosts(lab):
    """Hosts behind switches that are not back yet are kept as they are."""
    l = lab(LAN3)
    l.ping_all()
    l.wait_rest()
    before = {k: sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f)
                        for f in l.flows(k)) for k in ("k1", "k2", "k3")}
    prober = Prober(l, "a1", "a2", "0.002")
    l.kill_weftd(signal.SIGKILL)
    l.start_weftd_without("k2")
    sent, received = prober.stop()
    assert sent == received
    after = {k: sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f)
                       for f in l.flows(k)) for k in ("k1", "k2", "k3")}
    assert after == before


def test_n1_known_hosts_talk_without_weftd(lab):
    l = lab(t1())
    l.ping_all()
    l.wait_rest()
    l.kill_weftd()
    prober = Prober(l, "h1", "h2", "0.01")
    for _ in range(3):
        l.ping_all()
    sent, received = prober.stop()
    assert sent == received
    # An unknown host is heard by flooding, nothing opens up: still one network.
    l.start_weftd()
    assert l.sent() == {"s1": 0}


def test_n8_drift_is_found_and_repaired_and_foreign_rows_stay(lab):
    l = lab(t1())
    l.ping_all()
    l.wait_rest()
    wanted = sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f) for f in l.flows("s1"))
    foreign = "cookie=0x1234,table=3,priority=7,in_port=3,actions=drop"
    l.ofctl("s1", "add-flow", "br-int", foreign)
    l.ofctl("s1", "del-flows", "br-int", "table=70")
    l.ofctl("s1", "--strict", "mod-flows", "br-int", "table=100,priority=0,actions=NORMAL", check=False)
    l.ofctl("s1", "add-flow", "br-int",
            "cookie=0x7701000000000001,table=0,priority=999,in_port=77,actions=drop")
    l.ofctl("s1", "add-flow", "br-int",
            "cookie=0x7702000000000001,table=60,priority=1,actions=NORMAL")

    def repaired():
        now = sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f)
                     for f in l.flows("s1") if "cookie=0x1234" not in f)
        return now == wanted

    wait_for("the flows are as they were", repaired, 40)
    assert any("cookie=0x1234" in f for f in l.flows("s1")), "a foreign row was touched"
    assert any(e["kind"] == "drift" for e in l.weft("show", "events")["events"])
    l.ping_all()


def test_vswitchd_restart_gets_everything_back(lab):
    l = lab(t1())
    l.ping_all()
    l.wait_rest()
    l.ofctl("s1", "del-flows", "br-int")
    wait_for("hosts are put back from the map", lambda: len(
        [f for f in l.flows("s1", "table=70") if "dl_dst=02" in f]) >= 4, 40)
    l.ping_all()
    with l.wire("h1") as w1:
        w1.send(arp_request("02:00:00:00:44:01", "10.0.0.99", "10.0.0.98"))
        l.wait_host("02:00:00:00:44:01")
