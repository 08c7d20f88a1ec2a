# SPDX-License-Identifier: Apache-2.0
"""explain against what real packets do: both must say the same, both ways round."""
import json
import subprocess
import sys
import time

from weftlab import WEFT, run, wait_for

HEADERS4, HEADERS6 = 28, 48             # of IP and ICMP, beside what ping counts

TCP_SERVER = """
import socket
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", PORT))
s.listen(16)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"hello")
    c.close()
"""
UDP_SERVER = """
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", PORT))
print("ready", flush=True)
while True:
    data, where = s.recvfrom(100)
    s.sendto(b"hello", where)
"""
TCP_CLIENT = """
import socket
try:
    s = socket.create_connection(("ADDRESS", PORT), WAIT)
    s.settimeout(WAIT)
    print("open" if s.recv(5) == b"hello" else "closed")
except OSError as e:
    print("refused" if isinstance(e, ConnectionRefusedError) else "silent")
"""
UDP_CLIENT = """
import socket, time
s = socket.socket(socket.FAMILY, socket.SOCK_DGRAM)
s.connect(("ADDRESS", PORT))
end = time.monotonic() + WAIT
told = "silent"
while told == "silent" and time.monotonic() < end:
    try:
        s.settimeout(0.5)
        s.send(b"x")
        told = "open" if s.recv(10) == b"hello" else "closed"
    except ConnectionRefusedError:
        told = "refused"
    except OSError:
        pass
print(told)
"""


def address(lab, vm, v6=False):
    return lab.vm(vm)["networks"][0]["ip6" if v6 else "ip"]


def explain(lab, a, b, *more, code=None):
    """The answer as JSON; code = the exit code that it must have."""
    done = run(WEFT, "--run-dir", lab.dir / "run", "--json", "explain", a, b, *more, check=False, env=lab.env)
    assert done.returncode in ((0, 4) if code is None else (code,)), (done.returncode, done.stdout, done.stderr)
    if done.returncode == 1:
        return done.stderr
    answer = json.loads(done.stdout)
    assert (done.returncode == 0) == (answer["verdict"] == "reachable")
    return answer


def kinds(direction):
    return [c["kind"] for c in direction["causes"]]


def serve(lab, vm, proto):
    """A server there, once per lab."""
    servers = lab.__dict__.setdefault("agree_servers", set())
    word, port = proto.split("/")
    if (vm, proto) in servers:
        return
    servers.add((vm, proto))
    text = {"tcp": TCP_SERVER, "udp": UDP_SERVER}[word].replace("PORT", port)
    child = subprocess.Popen(["ip", "netns", "exec", lab.vm(vm)["ns"], sys.executable, "-c", text],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    lab.children.append(child)
    assert child.stdout.readline() == "ready\n"


def ping(lab, a, b, v6, size, wait):
    argv = ["ping", "-n", "-q", "-i", "0.2", "-c", "1", "-w", str(wait)]
    if size:
        argv += ["-M", "do", "-s", str(size - (HEADERS6 if v6 else HEADERS4))]
    return "open" if lab.exec(a, *argv, address(lab, b, v6), check=False).returncode == 0 else "silent"


def real(lab, a, b, proto="icmp", v6=False, size=None, wait=2):
    """"open", "silent" or "refused": what a finds when it begins to speak to b."""
    if proto in ("icmp", "icmp6"):
        return ping(lab, a, b, v6, size, wait)
    word, port = proto.split("/")
    serve(lab, b, proto)
    text = {"tcp": TCP_CLIENT, "udp": UDP_CLIENT}[word].replace("ADDRESS", address(lab, b, v6))
    text = text.replace("PORT", port).replace("WAIT", str(wait)).replace("FAMILY", "AF_INET6" if v6 else "AF_INET")
    return lab.exec(a, sys.executable, "-c", text).stdout.strip()


def forget_neighbours(lab, *vms):
    """ARP and ND are part of the way: they must be asked anew."""
    for vm in vms:
        lab.exec(vm, "ip", "neigh", "flush", "all", check=False)


def trace_says(lab, leg):
    """Does the printed command, as it is, let the frame go on at each switch?"""
    for trace in leg["traces"]:
        host = lab.map["hosts"][trace["switch"]]
        words = trace["command"].split(" ", 1)
        assert words[0] == "ovs-appctl"
        done = run("sh", "-c", f"ovs-appctl -t {host['ctl']} {words[1]}", check=False)
        assert done.returncode == 0, (trace, done.stdout, done.stderr)
        actions = [line for line in done.stdout.splitlines() if line.startswith("Datapath actions:")][-1]
        rest = actions.removeprefix("Datapath actions:").strip()
        goes = any(part[0].isdigit() or "output" in part or "tnl_push" in part or "tunnel" in part or "vlan" in part
                   or part.startswith(("set(tunnel", "clone(")) for part in rest.split(",") if part)
        if not goes:
            return False
    return True


def agree(lab, a, b, proto="icmp", v6=False, size=None, traces=True, names=None):
    """Asserts that explain says what packets do, a to b and b to a, and that Open vSwitch's
    own trace agrees. a and b are VMs of the lab; names: how to ask for them, else by address.
    Returns explain's answer."""
    words = [proto if proto != "icmp" or not v6 else "icmp6"] + (["--size", str(size)] if size else [])
    asked = names or (address(lab, a, v6), address(lab, b, v6))
    answer = explain(lab, *asked, *words)
    for (x, y), direction in zip(((a, b), (b, a)), answer["directions"]):
        forget_neighbours(lab, a, b)
        said = direction["verdict"] == "reachable"
        found = real(lab, x, y, proto, v6, size, 8 if said else 1.5 if "/" in proto else 2)
        end = time.monotonic() + 30     # a tunnel whose neighbour entry has just gone is no verdict of the rows
        while said and found != "open" and time.monotonic() < end:
            found = real(lab, x, y, proto, v6, size, 8)
        assert (found == "open") == said, (x, y, proto, "IPv6" if v6 else "IPv4", found, direction)
        if "rejected" in kinds(direction):
            assert found == "refused" or "/" not in proto, (found, direction)
        for leg in direction["legs"] if traces else []:
            if not leg["cause"] or leg["cause"]["kind"] not in ("mtu", "port-down", "link-down", "uplink-down"):
                assert trace_says(lab, leg) == (leg["verdict"] == "passes"), (leg, direction)
    return answer


def known(lab, *vms, v6=True):
    """Everybody has spoken and is known, with all addresses."""
    def all_are():
        hosts = {h["mac"]: h for h in lab.hosts()}
        for vm in vms:
            host = hosts.get(lab.vm(vm)["mac"])
            if not host or address(lab, vm) not in host["addresses"] or (v6 and address(lab, vm, True) not in host["addresses"]):
                return False
        return True

    def speak():
        for vm in vms:
            other = next(v for v in vms if v != vm)
            for six in (False, True)[:1 + v6]:
                ping(lab, vm, other, six, None, 1)
        lab.wait_rest()
        return all_are()

    wait_for("all are known", lambda: all_are() or speak(), 30)
