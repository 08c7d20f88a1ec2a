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
SSH = '#!/bin/sh\nshift\nexec sh -c "$*"\n'

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
