# SPDX-License-Identifier: Apache-2.0
"""A machine of its own for the commands of a manual page.

Namespaces for mounts, network and processes; /run, /var/lib and /etc/openvswitch
are empty. So a page says `weft lab up`, port 6653 and /run/weft as it would
anywhere, pages run beside each other, and when the first process of the sandbox
ends (its stdin is ours), all that runs in it ends and nothing is left.

It does not hide files: what is built and installed is seen as it is.
"""
import os
import select
import subprocess
import time

# What a page may take for granted on a machine: the documentation's address
# (RFC 5737), and a way to the hypervisor, which is the same machine here.
SETUP = """
set -e
for dir in /run /var/lib /etc/openvswitch; do mount -t tmpfs tmpfs $dir; done
mkdir /run/lock
ip link set lo up
ip address add 192.0.2.10/32 dev lo
exec python3 -c 'import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()'
"""
# A name that is a network namespace is a machine: a host there has files of its
# own in /run/hosts/NAME. Every other one is this machine.
SSH = """#!/bin/sh
name=${1#root@}
shift
[ -e "/run/netns/$name" ] || exec sh -c "$*"
exec ip netns exec "$name" sh -ec '
for dir in /run/openvswitch /etc/openvswitch; do
    [ ! -d "/run/hosts/$0$dir" ] || mount --bind "/run/hosts/$0$dir" "$dir"
done
exec sh -c "$1"' "$name" "$*"
"""

# Open vSwitch as its Debian package starts it, on a datapath without devices.
OPEN_VSWITCH = """
mkdir -p /run/openvswitch
ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach \\
    --log-file=/run/openvswitch/ovsdb-server.log >/dev/null 2>&1
ovs-vsctl --no-wait init
ovs-vswitchd unix:/run/openvswitch/db.sock --enable-dummy=override --disable-system --pidfile --detach \\
    --log-file=/run/openvswitch/ovs-vswitchd.log >/dev/null 2>&1
"""

# Three hosts with an Open vSwitch each, their addresses in the underlay, a VM on each of
# them, and a machine at the NIC eno2 of kvm1. The datapath is Open vSwitch's own, not that of
# the kernel, which need not have one: so br-int is there before the page adds it, and the
# underlay's address is on a bridge.
THREE_HOSTS = """
ip link add mgmt type bridge
ip address add 192.0.2.1/24 dev mgmt
ip link add underlay type bridge
ip link set mgmt up
ip link set underlay up
mkdir -p /run/openvswitch
for n in 1 2 3; do
    ip netns add kvm$n
    ip -n kvm$n link set lo up
    ip link add mgmt$n type veth peer name mgmt0 netns kvm$n
    ip link set mgmt$n master mgmt up
    ip -n kvm$n address add 192.0.2.10$n/24 dev mgmt0
    ip -n kvm$n link set mgmt0 up
    ip link add underlay$n mtu 1600 type veth peer name underlay0 mtu 1600 netns kvm$n
    ip link set underlay$n master underlay up
    ip -n kvm$n link set underlay0 up
    mkdir -p /run/hosts/kvm$n/run/openvswitch /run/hosts/kvm$n/etc/openvswitch
    ssh root@kvm$n "
ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach \\
    --log-file=/run/openvswitch/ovsdb-server.log >/dev/null 2>&1
ovs-vsctl --no-wait init
ovs-vswitchd unix:/run/openvswitch/db.sock --disable-system --pidfile --detach \\
    --log-file=/run/openvswitch/ovs-vswitchd.log >/dev/null 2>&1
ovs-vsctl add-br br-int -- set bridge br-int datapath_type=netdev fail_mode=secure \\
    -- add-br br-phys -- set bridge br-phys datapath_type=netdev -- set interface br-phys mtu_request=1600 \\
    -- add-port br-phys underlay0
ip address add 10.0.0.1$n/24 dev br-phys
ip link set br-phys up"
done
machine() {
    ip netns add $1
    ip link add $2 netns $3 type veth peer name eth0 address 52:54:00:aa:00:$5 netns $1
    ip -n $3 link set $2 up
    ip -n $1 address add $4/24 dev eth0
    ip -n $1 link set eth0 up
}
machine web1 vm-web1 kvm1 192.168.20.1 01
machine web2 vm-web2 kvm2 192.168.20.2 02
machine db vm-db kvm3 192.168.20.3 03
machine printer eno2 kvm1 192.168.20.50 50
"""


class Sandbox:
    def __init__(self, folder, build):
        """folder: where the page's commands begin. build: has weft and weftd."""
        self.folder = folder
        self.reports = folder.parent / "sanitizer"
        home, tools = folder.parent / "home", folder.parent / "tools"
        home.mkdir()
        tools.mkdir()
        (tools / "ssh").write_text(SSH)
        (tools / "ssh").chmod(0o755)
        (folder / "build").mkdir()
        for program in ("weft", "weftd"):
            (folder / "build" / program).symlink_to(build / program)
        self.env = {
            "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC",
            "PATH": f"{folder}/build:{tools}:{os.environ['PATH']}",
            "ASAN_OPTIONS": f"detect_leaks=1:log_path={self.reports}",
            "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:log_path={self.reports}",
        }
        self.terminals = {}
        self.first = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SETUP],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.env)
        try:
            assert self.first.stdout.readline() == "ready\n", "no sandbox: unshare, mount or ip failed"
            task = f"/proc/{self.first.pid}/task/{self.first.pid}/children"
            with open(task) as children:
                self.pid = children.read().split()[0]
        except BaseException:
            self.close()
            raise

    def terminal(self, name):
        if name not in self.terminals:
            self.terminals[name] = Terminal(self)
        return self.terminals[name]

    def given(self, script):
        """What the reader has done before; no output of it is looked at."""
        done = subprocess.run([*self.enter(), "bash", "-euc", script], cwd=self.folder, env=self.env,
                              text=True, capture_output=True, timeout=120)
        assert not done.returncode, f"{script}\n{done.stdout}{done.stderr}"

    def enter(self):
        return ["nsenter", "-t", self.pid, "-m", "-n", "-p", f"--wd={self.folder}"]

    def close(self):
        self.first.stdin.close()
        self.first.wait(30)
        self.first.stdout.close()
        for terminal in self.terminals.values():
            terminal.close()

    def sanitizer_reports(self):
        return "".join(p.read_text(errors="replace") for p in self.folder.parent.glob("sanitizer*"))


class Terminal:
    """A shell; what its commands print comes as text, and when they have ended."""

    MARK = "\x01end\x01"

    def __init__(self, sandbox):
        self.shell = subprocess.Popen([*sandbox.enter(), "bash", "--norc"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=sandbox.env)
        os.set_blocking(self.shell.stdout.fileno(), False)
        self.text = ""                  # printed since the last command began
        self.is_busy = False            # the last command runs

    def start(self, command):
        assert self.wait_end(10), f"a command still runs in this terminal: {command} has to wait"
        self.text = ""
        self.is_busy = True
        self.shell.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '{self.MARK}'\n".encode())
        self.shell.stdin.flush()

    def read(self, seconds):
        """Waits at most so long for more text; false when none came."""
        if not select.select([self.shell.stdout], [], [], max(seconds, 0))[0]:
            return False
        more = self.shell.stdout.read(65536)
        if not more:
            raise AssertionError(f"the shell has ended; its last words:\n{self.text}")
        self.text += more.decode(errors="replace")
        if self.is_busy and self.MARK in self.text:
            self.text = self.text.replace(self.MARK, "", 1)
            self.is_busy = False
        return True

    def wait_end(self, seconds):
        end = time.monotonic() + seconds
        while self.is_busy and time.monotonic() < end:
            self.read(end - time.monotonic())
        return not self.is_busy

    def close(self):
        self.shell.kill()
        self.shell.wait(10)
        self.shell.stdin.close()
        self.shell.stdout.close()
