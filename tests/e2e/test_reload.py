# SPDX-License-Identifier: Apache-2.0
"""Edits of a live file: scenarios S27 S28 S30-S34 S36 S37. No edit is an outage."""
import re
import signal
import subprocess

from agree import agree, explain, kinds
from t1 import t1
from weftlab import wait_for


class Prober:
    """ping at 1 kHz or less from one VM to another while a test does things."""

    def __init__(self, l, a, b, interval="0.005"):
        self.said = l.base / f"probe-{a}-{b}-{len(l.children)}"
        self.told = self.said.with_suffix(".err")
        with open(self.said, "w") as out, open(self.told, "w") as err:
            self.proc = subprocess.Popen(["ip", "netns", "exec", l.vm(a)["ns"], "ping", "-n", "-i", interval, l.ip(b)],
                                         stdout=out, stderr=err)
        l.children.append(self.proc)

    def answered(self):
        """Numbers of probes; ping begins again at 0 after 65,535."""
        seen, last, turn = set(), 0, 0
        for n in map(int, re.findall(r"icmp_seq=(\d+) ttl", self.said.read_text())):
            turn += 65536 * (n < last - 32768)
            last = n
            seen.add(turn + n)
        return seen

    def sent(self):
        """How many, by ping's own word when it is asked."""
        self.proc.send_signal(signal.SIGQUIT)
        return int(wait_for("ping tells how many it sent", lambda: re.search(r"\d+/(\d+) packets", self.told.read_text()), 60)[1])

    def stop(self, least=1):
        """Probes sent and answered, once so many were. Of those that are sent after this was asked none counts behind the
        last one that is answered: they are on their way when ping is ended, however long that takes."""
        wait_for(f"{least} probes are answered", lambda: len(self.answered()) >= least, 60)
        sent = self.sent()
        wait_for("answers go on", lambda: max(self.answered()) >= sent, 60)
        self.proc.send_signal(signal.SIGINT)
        self.proc.wait(20)
        answered = self.answered()
        return max(answered), len(answered)


def settled(l):
    """Flow-mods by switch, once nothing is on its way."""
    l.wait_rest()
    return l.sent()


def test_s27_blank_lines_and_hup(lab):
    text = t1()
    l = lab(text)
    l.ping_all()
    before, session = settled(l), l.switch("s1")["since_ms"]
    for n in range(1, 4):
        l.edit(text + "\n" * n, signal_too=True)
    assert settled(l) == before, "an edit without meaning sent flow-mods"
    assert l.switch("s1")["since_ms"] == session, "the switch was disconnected"
    l.ping_all()


def test_s28_bad_good_bad_good(lab):
    text = t1()
    l = lab(text)
    l.ping_all()
    before, digest = settled(l), l.status()["config"]["digest"]
    prober = Prober(l, "h1", "h2")
    for bad in ("version: 1\n\tnetworks: {}\n", text.replace("ports", "prots"), "", "networks: [", "\0\0\0"):
        l.edit(bad, signal_too=True)
        config = l.weft("status", code=3)["config"]
        assert config["failed"] and config["digest"] == digest
        assert config["findings"], bad
        l.edit(text, signal_too=True)
        config = l.status()["config"]
        assert not config["failed"] and config["digest"] == digest
    sent, received = prober.stop(50)
    assert sent == received
    assert settled(l) == before
    kinds = [e["kind"] for e in l.weft("show", "events")["events"]]
    assert kinds.count("config-refused") >= 5


def test_s30_s33_edit_changes_only_what_it_says(lab):
    """Disable and enable one port by file watching: the others lose nothing."""
    l = lab(t1())
    l.ping_all()
    hosts = {h["mac"] for h in l.hosts()}
    prober = Prober(l, "h1", "h2")
    l.edit(t1(ports={4: "{port: s1:h4, enable: false}"}))
    assert not l.ping("h3", "h4", 1, 1)
    l.edit(t1())
    wait_for("h4 is back", lambda: l.ping("h3", "h4", 1, 1))
    sent, received = prober.stop()
    assert sent == received
    assert hosts - {l.vm("h4")["mac"]} <= {h["mac"] for h in l.hosts()}


def test_s31_removed_port(lab):
    l = lab(t1())
    l.ping_all()
    mac = l.vm("h4")["mac"]
    assert any(mac in f for f in l.flows("s1", "table=70"))
    prober = Prober(l, "h1", "h2")
    l.edit(t1(hosts=3))
    assert not any(mac in f for f in l.flows("s1"))
    # explain and real packets say the same: who is out is out, by its name or by its address; others see nothing of it.
    for direction in agree(l, "h3", "h4", names=("h3", "s1:h4"), traces=False)["directions"]:
        assert kinds(direction) == ["no-network"] and "s1:h4" in direction["causes"][0]["text"], direction
    assert kinds(explain(l, "h3", l.ip("h4"), code=4)["directions"][0]) == ["unknown-host"]
    for a, b in (("h1", "h2"), ("h3", "h1")):
        assert agree(l, a, b)["verdict"] == "reachable"
    sent, received = prober.stop()
    assert sent == received
    l.ping_all(["h1", "h2", "h3"])


def test_s32_edit_sends_only_the_difference(lab):
    l = lab(t1())
    l.ping_all()
    before = settled(l)["s1"]
    l.edit(t1(network="flood: false"))
    changed = settled(l)["s1"] - before
    assert 0 < changed <= 4, changed
    l.edit(t1())
    assert settled(l)["s1"] - before <= 8
    l.ping_all()


def test_s34_wrong_dpid_is_refused_then_corrected(lab):
    l = lab(t1())
    l.edit(t1().replace("0x1", "0x99"), wait=False)
    refusals = wait_for("four refusals", lambda: next(
        (r for r in l.status()["refused"] if r["count"] >= 4), None), 20)
    assert "0x0000000000000099" in refusals["why"] and "0x0000000000000001" in refusals["why"]
    assert "0000000000000099" in l.weftd_log()
    assert l.status()["verdict"] == "degraded"
    l.edit(t1(), wait=False)
    l.wait_ready()
    l.ping_all()


def test_s36_a_switch_that_never_comes(lab):
    l = lab(t1())
    l.ping_all()
    before, session = settled(l), l.switch("s1")["since_ms"]
    l.edit(t1().replace("s1: {dpid: 0x1}", "s1: {dpid: 0x1}\n  ghost: {dpid: 0x77}"))
    assert settled(l)["s1"] == before["s1"]
    l.edit(t1().replace("s1: {dpid: 0x1}", "s1: {dpid: 0x1}\n  ghost: {dpid: 0x1}"))
    assert l.weft("status", code=3)["config"]["failed"]
    assert settled(l)["s1"] == before["s1"]
    assert l.switch("s1")["since_ms"] == session


def test_s37_log_file_moved_away(lab, tmp_path):
    log = tmp_path / "weft.log"
    l = lab(t1(hosts=2), weftd_args=["--log-file", str(log)])
    wait_for("a log", lambda: log.exists() and log.stat().st_size)
    log.rename(tmp_path / "weft.log.1")
    wait_for("a new log file", log.exists)
    l.edit("version: 2\n")
    wait_for("it is written to", lambda: "E007" in log.read_text())
    l.edit(t1(hosts=2))


def test_apply_and_kill(lab):
    """What `weft apply` acknowledged is there after kill -9; a bad file is not."""
    l = lab(t1())
    new = l.base / "new.yaml"
    for n in range(4):
        new.write_text(t1() + f"# revision {n}\n")
        l.weft("apply", new)
        if n % 2:
            l.kill_weftd()
            assert f"# revision {n}\n" in l.file.read_text()
            l.start_weftd()
    new.write_text("version: 1\nnetworks: {a: {prots: []}}\n")
    done = l.weft("apply", new, code=1)
    assert "E003" in str(done)
    assert "# revision 3" in l.file.read_text()
    l.ping_all()


def test_p3_only_switches_that_differ_are_told(lab):
    text = ("version: 1\nswitches: {s1: {dpid: 0x1}, s2: {dpid: 0x2}}\nnetworks:\n"
            "  a: {subnet: 10.0.1.0/24, ports: [s1:a1, s1:a2]}\n"
            "  b: {subnet: 10.0.2.0/24, ports: [s2:b1, s2:b2]}\n")
    l = lab(text)
    l.ping_all(["a1", "a2"])
    l.ping_all(["b1", "b2"])
    before = settled(l)
    l.edit(text.replace("s1:a2]", "s1:a2], flood: false"))
    after = settled(l)
    assert after["s1"] > before["s1"] and after["s2"] == before["s2"]
