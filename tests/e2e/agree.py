# SPDX-License-Identifier: Apache-2.0
"""explain against what real packets do: both must say the same, both ways round."""
import json
import re
import socket
import subprocess
import sys

from dhcp import link_local
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
    data, where = s.recvfrom(65536)
    s.sendto(b"hello".ljust(len(data)), where)
"""
# "late": something was lost, and TCP asked again (tcpi_total_retrans of linux/tcp.h).
TCP_CLIENT = """
import socket
try:
    s = socket.create_connection(("ADDRESS", PORT), WAIT)
    s.settimeout(WAIT)
    told = "open" if s.recv(5) == b"hello" else "closed"
    print("late" if s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[100:] != bytes(4) else told)
except OSError as e:
    print("refused" if isinstance(e, ConnectionRefusedError) else "silent")
"""
UDP_CLIENT = """
import socket
s = socket.socket(socket.FAMILY, socket.SOCK_DGRAM)
s.connect(("ADDRESS", PORT))
s.settimeout(WAIT)
try:
    s.send(b"x" * LENGTH)
    print("open" if s.recv(65536)[:5] == b"hello" else "closed")
except ConnectionRefusedError:
    print("refused")
except OSError:
    print("silent")
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
    argv = ["ping", "-n", "-q", "-c", "1", "-W", str(wait)]
    if size:
        argv += ["-M", "do", "-s", str(size - (HEADERS6 if v6 else HEADERS4))]
    return "open" if lab.exec(a, *argv, address(lab, b, v6), check=False).returncode == 0 else "silent"


def real(lab, a, b, proto="icmp", v6=False, size=None, wait=2):
    """"open", "late", "silent" or "refused": what a finds when it begins to speak to b. What is
    lost is not sent again but for ARP, ND and TCP, and of TCP that is "late"."""
    if proto in ("icmp", "icmp6"):
        return ping(lab, a, b, v6, size, wait)
    word, port = proto.split("/")
    serve(lab, b, proto)
    text = {"tcp": TCP_CLIENT, "udp": UDP_CLIENT}[word].replace("ADDRESS", address(lab, b, v6))
    text = text.replace("PORT", port).replace("WAIT", str(wait)).replace("FAMILY", "AF_INET6" if v6 else "AF_INET")
    text = text.replace("LENGTH", str(size - (HEADERS6 if v6 else HEADERS4) if size else 1))
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
        # What Open vSwitch itself gives to the bridge's own port, whatever rows say.
        if "for in-band control" in done.stdout:
            rest = rest.rpartition(",")[0]
        goes = any(part[0].isdigit() or "output" in part or "tnl_push" in part or "tunnel" in part or "vlan" in part
                   or part.startswith(("set(tunnel", "clone(")) for part in rest.split(",") if part)
        if not goes:
            return False
    return True


def is_resolved(lab, direction):
    """Does Open vSwitch know the neighbour at the other end of every tunnel on the way? If
    not, the first frame is lost while it asks: no verdict of rows."""
    for leg in direction["legs"]:
        for step in leg["steps"]:
            to = re.match(r"into the tunnel to \S+ \(([^)]+)\)", step["text"])
            if to and to.group(1) not in lab.appctl(step["switch"], "tnl/neigh/show").split():
                return False
    return True


def find_out(lab, x, y, proto, v6, size, direction):
    """What packets do, against what explain says of that direction."""
    said = direction["verdict"] == "reachable"
    forget_neighbours(lab, x, y)
    lab.purge_caches()
    was_resolved = not said or is_resolved(lab, direction)
    found = real(lab, x, y, proto, v6, size, 5 if said else 1.5 if "/" in proto else 2)
    if said and found != "open" and not was_resolved:
        found = real(lab, x, y, proto, v6, size, 5)
    assert (found == "open") == said, (x, y, proto, "IPv6" if v6 else "IPv4", found, direction)
    if "rejected" in kinds(direction):
        assert found == "refused" or "/" not in proto, (found, direction)


def agree(lab, a, b, proto="icmp", v6=False, size=None, traces=True, names=None):
    """Asserts that explain says what packets do, a to b and b to a, and that Open vSwitch's
    own trace agrees. a and b are VMs of the lab; names: how to ask for them, else by address.
    Returns explain's answer."""
    words = [proto if proto != "icmp" or not v6 else "icmp6"] + (["--size", str(size)] if size else [])
    asked = names or (address(lab, a, v6), address(lab, b, v6))
    answer = explain(lab, *asked, *words)
    for (x, y), direction in zip(((a, b), (b, a)), answer["directions"]):
        find_out(lab, x, y, proto, v6, size, direction)
        for leg in direction["legs"] if traces else []:
            if not leg["cause"] or leg["cause"]["kind"] not in ("mtu", "port-down", "link-down", "uplink-down"):
                assert trace_says(lab, leg) == (leg["verdict"] == "passes"), (leg, direction)
    return answer


def explains(lab, a, b, proto, v6, found):
    """Asserts that explain says of a beginning to speak to b what was found to be so: "open", or
    not. Both have spoken already; weftd may be told of their addresses a moment later."""
    def answer():
        got = explain(lab, address(lab, a, v6), address(lab, b, v6), proto)["directions"][0]
        return got if kinds(got) != ["unknown-host"] else None

    direction = wait_for(f"{a} and {b} are known", answer)
    assert (direction["verdict"] == "reachable") == (found == "open"), (a, b, proto, v6, found, direction)
    if found == "refused":
        assert "rejected" in kinds(direction), direction
    for leg in direction["legs"]:
        if not leg["cause"] or leg["cause"]["kind"] not in ("mtu", "port-down", "link-down", "uplink-down"):
            assert trace_says(lab, leg) == (leg["verdict"] == "passes"), leg
    return direction


# --- one frame, as whoever sends it says that it is -------------------------------------------

def arp_question(mac, arp):
    sender, target = socket.inet_ntoa(arp[14:18]), socket.inet_ntoa(arp[24:28])
    if sender == "0.0.0.0":
        return (f"dad/{target}", mac)
    return (f"arp/{target}", mac) if sender == target else ("arp", f"{mac},{sender}")


def nd_question(mac, ip, icmp6):
    """Null: it is another kind of ICMPv6."""
    target = socket.inet_ntop(socket.AF_INET6, icmp6[8:24]) if icmp6[0] in (135, 136) else None
    if icmp6[0] == 135:
        return (f"dad/{target}", mac) if ip == "::" else ("nd", f"{mac},{ip}")
    return {134: ("ra", f"{mac},{ip}"), 136: (f"nd/{target}", f"{mac},{ip}")}.get(icmp6[0])


def udp_question(mac, ip, udp):
    ports = int.from_bytes(udp[:2], "big"), int.from_bytes(udp[2:4], "big")
    word = {(68, 67): "dhcp", (67, 68): "dhcp/server", (546, 547): "dhcp6", (547, 546): "dhcp6/server"}.get(ports, f"udp/{ports[1]}")
    return (word, mac if (word, ip) == ("dhcp", "0.0.0.0") else f"{mac},{ip}")


def question_of(frame):
    """The protocol and the sender's address (for --as) that ask about such a frame; null: explain
    has no word for it (extension headers of IPv6, fragments)."""
    mac, kind = ":".join(f"{b:02x}" for b in frame[6:12]), frame[12:14]
    if kind == b"\x08\x06":
        return arp_question(mac, frame[14:])
    if kind == b"\x08\x00":
        proto, ip, l4 = frame[23], socket.inet_ntoa(frame[26:30]), frame[34:]
    elif kind == b"\x86\xdd":
        proto, ip, l4 = frame[20], socket.inet_ntop(socket.AF_INET6, frame[22:38]), frame[54:]
    else:
        return (f"0x{kind.hex()}", mac)
    if kind == b"\x86\xdd" and proto in (0, 43, 44, 51, 60):
        return None
    if proto == 58:
        return nd_question(mac, ip, l4) or ("icmp6", f"{mac},{ip}")
    return udp_question(mac, ip, l4) if proto == 17 else (f"proto/{proto}", f"{mac},{ip}")


def frame_agrees(lab, vm, hearer, frame, came):
    """Asserts that explain says of a frame that the VM has sent what became of it."""
    question = question_of(frame)
    if not question:
        return None
    is_said = "/" in question[0] and question[0].split("/")[0] in ("arp", "nd", "dad") or question[0][:4] == "dhcp" or question[0] == "ra"
    ip = "" if is_said else question[1].partition(",")[2]
    if not lab.weftd_pid():
        return None                     # nobody to ask
    to = address(lab, hearer, ":" in ip) if ip else lab.vm(hearer)["where"]
    if not to or to == "none":
        return None                     # its address is not the lab's to know
    known_macs = {h["mac"] for h in lab.hosts()}
    own = lab.vm(vm)["mac"]
    answer = explain(lab, own if own in known_macs else lab.vm(vm)["where"], to, question[0], "--as", question[1])
    assert len(answer["directions"]) == 1 and "unknown-host" not in kinds(answer["directions"][0]), answer
    assert (answer["verdict"] == "reachable") == came, (vm, hearer, question, came, answer["directions"])
    for leg in answer["directions"][0]["legs"]:
        assert trace_says(lab, leg) == came, leg
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


def known_by_link_local(lab, *vms):
    """By these addresses, too. Some seconds after a host has spoken to an IPv6 neighbour its kernel
    asks by them whether that is still there: then nobody learns anything new."""
    local = {vm: link_local(lab.vm(vm)["mac"]) for vm in vms}

    def all_are():
        hosts = {h["mac"]: h["addresses"] for h in lab.hosts()}
        return all(local[vm] in hosts.get(lab.vm(vm)["mac"], ()) for vm in vms)

    def speak():
        for vm in vms:
            other = next(v for v in vms if v != vm)
            lab.exec(vm, "ping", "-n", "-q", "-c", "1", "-W", "1", f"{local[other]}%eth0", check=False)
        return all_are()

    wait_for("all are known by their link-local addresses", lambda: all_are() or speak(), 30)
    lab.wait_rest()
