# SPDX-License-Identifier: Apache-2.0
"""Promise P10: what `weft apply` acknowledged survives kill -9 at any instant, and the
file is the old or the new text, whole, always. So does its revision, and that it waits
for a confirmation.

weftd is killed at random times after an apply began, and right behind random steps
that it makes in the folder of the file. What only a power cut shows, the order of
fsync and rename, is proved in tests/unit/controller/test_file.c; every single step in
tests/unit/controller/test_config_apply.c."""
import ctypes
import hashlib
import json
import os
import random
import select
import signal
import subprocess
import time

from weftlab import SANITIZE, WEFT, WEFTD, run, wait_for

SECONDS, MIN_ROUNDS, TOO_LONG = 5, 8, 60
NETWORK = "version: 1\nswitches: {s1: {dpid: 0x1}}\nnetworks: {v100: {ports: [s1:h1]}}\n"

IN_ANY = 0x2 | 0x8 | 0x20 | 0x80 | 0x100       # modify, close_write, open, moved_to, create


class Steps:
    """What happens in a folder, told at once."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert libc.inotify_add_watch(self.fd, os.fsencode(folder), IN_ANY) >= 0

    def forget(self):
        while self.wait(0):
            pass

    def wait(self, seconds):
        """One batch of steps, as many as were made since the last look."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        return os.read(self.fd, 4096)


class Weftd:
    """weftd on a file, in a network namespace of its own, with no switch."""

    def __init__(self, base):
        self.base, self.proc = base, None
        self.file = base / "net" / "topology.yaml"
        self.file.parent.mkdir()
        self.env = dict(os.environ, **SANITIZE)
        self.generations = []
        self.log = open(base / "weftd.log", "a+")

    def start(self):
        argv = ["unshare", "--net", WEFTD, "--listen", "tcp:[::]:6653", "--run-dir", self.base / "run",
                "--state-dir", self.base / "state", self.file]
        self.proc = subprocess.Popen([str(a) for a in argv], stdout=self.log, stderr=self.log, env=self.env)
        wait_for("weftd answers", self.answers, 20, step=0.005)
        self.generations.append(int((self.base / "state" / "generation").read_text()))

    def answers(self):
        assert self.proc.poll() is None, self.read_log()
        done = run(WEFT, "--run-dir", self.base / "run", "--json", "status", check=False, env=self.env)
        return json.loads(done.stdout) if done.returncode in (0, 3) else None

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def weft(self, *args):
        done = run(WEFT, "--run-dir", self.base / "run", "--json", *args, check=False, env=self.env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def check_history(self, text, waits):
        """The last revision is what is in force, and waits, or nothing does."""
        history = self.weft("history")
        last = history["revisions"][-1]
        assert last["number"] == history["in_force"]
        assert last["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        assert (history["confirm"] or {}).get("revision") == (last["number"] if waits else None)
        assert not [p for p in self.answers()["problems"] if p["kind"] == "history"]
        if waits:
            self.weft("confirm")

    def begin_apply(self, text, *more):
        new = self.base / "new.yaml"
        new.write_text(text)
        return subprocess.Popen([WEFT, "--run-dir", str(self.base / "run"), "apply", str(new), *more], env=self.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        self.proc.send_signal(signal.SIGKILL)
        assert self.proc.wait(20) == -signal.SIGKILL, self.read_log()

    def down(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait(20)


def revision(n, chance):
    """The same network, said in up to a megabyte."""
    line = f"# revision {n} " + "x" * 100 + "\n"
    return line + NETWORK + line * chance.choice((0, 10, 1000, 10000)) + f"# end of revision {n}\n"


def wait_some_steps(steps, chance):
    for _ in range(chance.randint(1, 5)):
        steps.wait(0.5)
    end = time.monotonic() + chance.uniform(0, 0.0005)
    while time.monotonic() < end:
        pass


def test_nothing_acknowledged_is_lost(tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    d = Weftd(tmp_path)
    steps = Steps(d.file.parent)
    before = revision(0, chance)
    d.file.write_text(before)
    n = n_acknowledged = 0
    waits = False
    fate = {"old": 0, "new": 0, "acknowledged": 0}
    began = time.monotonic()

    def is_enough():
        elapsed = time.monotonic() - began
        if elapsed > TOO_LONG:
            return True
        return elapsed > SECONDS and sum(fate.values()) >= MIN_ROUNDS and fate["old"] + fate["new"] > 0

    try:
        while not is_enough():
            d.start()
            d.check_history(before, waits)
            for _ in range(chance.randint(1, 3)):
                n, before, at = n + 1, revision(n + 1, chance), time.monotonic()
                assert d.begin_apply(before).wait(20) == 0, d.read_log()
                assert d.file.read_text() == before
                n_acknowledged += 1
            usual = time.monotonic() - at
            n, after = n + 1, revision(n + 1, chance)
            steps.forget()
            confirm = chance.choice(((), ("--confirm", "1h")))
            client = d.begin_apply(after, *confirm)
            if chance.random() < 0.5:
                wait_some_steps(steps, chance)
            else:
                select.select([], [], [], chance.uniform(0, 1.2 * usual))
            d.kill()
            acknowledged = client.wait(20) == 0
            text = d.file.read_text()
            is_whole = text == after or not acknowledged and text == before
            assert is_whole, \
                f"revision {n}, {'' if acknowledged else 'not '}acknowledged: {len(text)} bytes are there, " \
                f"the old one has {len(before)}, the new one {len(after)}"
            fate["acknowledged" if acknowledged else "new" if text == after else "old"] += 1
            waits = bool(confirm) and text == after
            before = text
        d.start()       # the last one is taken as well
        d.check_history(before, waits)
    finally:
        d.down()
    print(f"{sum(fate.values())} kills, {n_acknowledged} revisions acknowledged before them; at the kill: {fate}")
    assert fate["old"] + fate["new"] > 0, "no kill was in time"
    assert d.generations == sorted(set(d.generations)), "a generation id came twice"
