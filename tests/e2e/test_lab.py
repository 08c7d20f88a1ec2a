# SPDX-License-Identifier: Apache-2.0
"""The lab itself: it comes up whole or not at all, and leaves nothing behind."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

from weftlab import WEFT, run, wait_for

TOPOLOGY = """\
version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.9.0.1}
  k2: {dpid: 0x12, vtep: 10.9.0.2}
networks:
  office:
    subnet: 192.168.20.0/24
    transport: vlan
    vlan: 20
    uplinks: [k1:eno2, k2:eno2]
    ports: [k1:vm-a, k2:vm-a, {port: k1:fw0, tag: 20}, "k2:pc-*"]
  dmz:
    transport: vlan
    vlan: 21
    uplinks: [k1:eno2, k2:eno2]
    ports: [{port: k1:fw0, tag: 21}, k2:vm-d]
x-lab:
  vms:
    pc: {port: "k2:pc-1", ip: 192.168.20.77}
  machines:
    printer: {network: office}
"""


class Place:
    """A file, a directory and a name for one lab."""

    def __init__(self, base, text=TOPOLOGY):
        self.name = f"wl{os.getpid() % 100000}"
        self.file = base / "topology.yaml"
        self.file.write_text(text)
        self.dir = base / "lab"

    def argv(self, *more):
        return [WEFT, "lab", "up", str(self.file), "--name", self.name, "--dir", str(self.dir), *more]

    def up(self, *more, check=True):
        return run(*self.argv("--no-weftd", "--json", *more), check=check)

    def lab(self, command, *more, check=True):
        return run(WEFT, "lab", command, "--dir", self.dir, *more, check=check)

    def namespaces(self):
        return [n for n in os.listdir("/run/netns") if n.startswith(self.name + "-")] \
            if os.path.isdir("/run/netns") else []

    def processes(self):
        found = []
        for proc in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str(self.dir).encode() in (proc / "cmdline").read_bytes():
                    found.append(proc.name)
            except OSError:
                pass
        return found

    def assert_gone(self):
        assert not self.namespaces()
        assert not self.dir.exists()
        wait_for("no process of the lab", lambda: not self.processes(), 5)
        with open("/proc/mounts") as mounts:
            assert str(self.dir) not in mounts.read()


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.lab("down", check=False)


def test_up_and_down(place):
    lab = json.loads(place.up().stdout)
    assert lab["state"] == "up"
    assert lab == json.loads((place.dir / "lab.json").read_text())
    assert sorted(place.namespaces()) == sorted(lab["namespaces"])
    for host in lab["hosts"].values():
        assert pathlib.Path(f"/proc/{host['vswitchd_pid']}").exists()
        dpid = run("ovs-vsctl", f"--db=unix:{host['db']}", "get", "bridge", "br-int", "datapath_id").stdout
        assert int(dpid.strip().strip('"'), 16) == int(host["dpid"], 16)
    for vm in lab["vms"].values():
        if vm["host"]:
            ofport = run("ovs-vsctl", f"--db=unix:{lab['hosts'][vm['host']]['db']}", "get", "interface",
                         vm["port"], "ofport").stdout
            assert int(ofport) == vm["ofport"]
    assert lab["vms"]["pc"]["ip"] == "192.168.20.77"
    assert {"k1-vm-a", "k2-vm-a", "fw0", "printer"} < set(lab["vms"])
    place.lab("status")
    place.lab("down")
    place.assert_gone()
    place.lab("down")                   # again: nothing to do, no error


def test_all_wires_carry_frames(place):
    """With the switches as plain ones: untagged, tagged and LAN machines reach each other."""
    lab = json.loads(place.up().stdout)
    tags = {"k1": {"vm-a": 20}, "k2": {"vm-a": 20, "pc-1": 20, "vm-d": 21}}
    for name, ports in tags.items():
        db = f"--db=unix:{lab['hosts'][name]['db']}"
        for port, tag in ports.items():
            run("ovs-vsctl", db, "set", "port", port, f"tag={tag}")
        run("ovs-ofctl", "-O", "OpenFlow13", "add-flow", f"unix:{lab['hosts'][name]['mgmt']}", "actions=NORMAL")
    for family in ([], ["-6"]):
        done = json.loads(place.lab("ping", "--json", *family).stdout)
        assert done["ok"] and done["n_pairs"] == 20 + 2, done
    # Between the vteps, and by name.
    place.lab("exec", "k1", "--", "ping", "-c", "1", "-w", "5", "10.9.0.2")
    place.lab("exec", "k1-vm-a", "--", "ping", "-c", "1", "-w", "5", "pc")
    # The ping sees what is broken.
    run("ip", "-n", lab["lan"]["ns"], "link", "set", lab["lan"]["uplinks"][0]["lan_port"], "down")
    lost = place.lab("ping", "--json", "--seconds", "1", check=False)
    assert lost.returncode == 1 and not json.loads(lost.stdout)["ok"]


def test_status_sees_a_dead_switch(place):
    lab = json.loads(place.up().stdout)
    os.kill(lab["hosts"]["k1"]["vswitchd_pid"], signal.SIGKILL)
    wait_for("a broken lab", lambda: place.lab("status", check=False).returncode == 3)
    assert "ovs-vswitchd gone" in place.lab("status", check=False).stdout
    place.lab("down")
    place.assert_gone()


@pytest.mark.parametrize("milliseconds", [20, 60, 120, 200, 280, 360])
@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL])
def test_cut_short(place, sig, milliseconds):
    """Interrupted it cleans up by itself; killed, `down` does it."""
    up = subprocess.Popen(place.argv("--no-weftd"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        up.wait(milliseconds / 1000)
    except subprocess.TimeoutExpired:
        up.send_signal(sig)
    if up.wait(30) == 0 or sig == signal.SIGKILL:
        place.lab("down")
    place.assert_gone()


def test_a_builder_that_is_killed_leaves_no_command(place, tmp_path):
    """What it would still make, `down` would not see."""
    tools, pid_file = tmp_path / "tools", tmp_path / "pid"
    tools.mkdir()
    (tools / "ip").write_text(f"#!/bin/sh\necho $$ > {pid_file}.new && mv {pid_file}.new {pid_file}\nexec tail -f /dev/null\n")
    (tools / "ip").chmod(0o755)
    env = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}")
    up = subprocess.Popen(place.argv("--no-weftd"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    wait_for("a command runs", pid_file.exists)
    command = pathlib.Path("/proc", pid_file.read_text().strip())
    up.kill()
    up.wait()
    wait_for("the command has ended", lambda: not command.exists())
    place.lab("down")
    place.assert_gone()


def test_a_weftd_that_ends_is_reported(place):
    done = run(*place.argv("--weftd", "/bin/false"), check=False)
    assert done.returncode == 1
    assert "weftd ended at once" in done.stderr
    place.assert_gone()


def test_a_failing_command_is_named(place):
    """The second lab of a name finds the namespaces of the first, and leaves them alone."""
    place.up()
    other = Place(place.file.parent)
    other.dir = place.dir.parent / "other"
    done = other.up(check=False)
    assert done.returncode == 1 and f"namespace {place.name}-ctl is there already" in done.stderr
    assert not other.dir.exists()
    done = place.up(check=False)
    assert done.returncode == 1 and "there is a lab in" in done.stderr
    place.lab("status")


def test_foreign_things_are_left_alone(place):
    place.dir.mkdir()
    (place.dir / "precious").write_text("mine")
    done = place.up(check=False)
    assert done.returncode == 1 and "is not empty" in done.stderr
    place.lab("down")
    assert (place.dir / "precious").read_text() == "mine"
    (place.dir / "precious").unlink()
    lab = json.loads(place.up().stdout)
    mine = subprocess.Popen(["ip", "netns", "exec", lab["vms"]["pc"]["ns"], "sleep", "60"])
    try:
        wait_for("it runs there", lambda: os.readlink(f"/proc/{mine.pid}/ns/net") !=
                 os.readlink("/proc/self/ns/net"))
        done = place.lab("down")
        assert f"process {mine.pid}" in done.stderr
        assert mine.poll() is None
    finally:
        mine.kill()
        mine.wait()
    place.assert_gone()


def test_findings_of_x_lab(place):
    place.file.write_text("version: 1\nnetworks: {lan: {ports: ['*:*']}}\n"
                          "x-lab:\n  switches: [a]\n  vms: {x: {prot: 'a:p'}}\n")
    done = place.up(check=False)
    assert done.returncode == 1
    assert f'{place.file}:5:13: error: unknown key "prot" in a VM of x-lab; did you mean "port"?  [E003]' \
        in done.stderr
    assert not place.dir.exists()
