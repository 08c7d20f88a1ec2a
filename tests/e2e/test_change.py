# SPDX-License-Identifier: Apache-2.0
"""Changing the file without fear: a plan says what apply then sends, and what nobody
confirms goes back by itself, also behind a weftd that was killed. The steps on the disk
are proved one by one in tests/unit/controller/test_config_apply.c."""
import json
import re

import pytest

from weftlab import Lab, WEFT, run, wait_for

TEXT = """version: 1
switches:
  kvm1: {dpid: 0x1, vtep: 10.0.0.11}
  kvm2: {dpid: 0x2, vtep: 10.0.0.12}
networks:
  office:
    subnet: 192.168.20.0/24
    ports: [kvm1:vm-a, kvm2:vm-b]
  lab:
    subnet: 192.168.30.0/24
    ports: [kvm1:vm-c, kvm2:vm-d]
"""
EDITS = {
    "a list": TEXT.replace("    ports: [kvm1:vm-a", "    acl: web\n    ports: [kvm1:vm-a")
              + "acls:\n  web:\n    - {allow: icmp}\n    - {allow: tcp, port: [80, 443]}\n    - {deny: any}\n",
    "limits and guards": TEXT.replace("    ports: [kvm1:vm-c", "    storm: {broadcast: 100pps}\n    guard: [ra]\n    ports: [kvm1:vm-c"),
    "a network gone": TEXT[:TEXT.index("  lab:")],
    "a port that moves": TEXT.replace("kvm1:vm-a, ", "").replace("[kvm1:vm-c", "[kvm1:vm-a, kvm1:vm-c"),
    "a comment": "# nothing\n" + TEXT,
}


@pytest.fixture(scope="module")
def l():
    with Lab(TEXT) as made:
        made.ping("vm-a", "vm-b")
        made.ping("vm-c", "vm-d")
        yield made


def weft(l, *args, text=None):
    return run(WEFT, "--run-dir", l.dir / "run", *args, check=False, input=text)


def sent(l):
    """Every message about rows, by switch, once nothing is on its way."""
    l.wait_rest()
    return {s["name"]: sum(s["sync"][kind] for kind in ("flow_mods", "group_mods", "meter_mods"))
            for s in l.weft("show", "switches")["switches"]}


def flows(l):
    """What the switches do, without what they count, and without rows about hosts: these come with their frames."""
    return {name: sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age|hard_age)=[^,]*, ", "", line) for line in l.flows(name)
                         if not re.search(r"dl_src=|dl_dst=|arp|icmp6", line)) for name in l.map["hosts"]}


def in_force(l):
    return l.weft("history")["in_force"]


def plan(l, text, code):
    done = weft(l, "--json", "plan", "-", "--rows", text=text)
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def test_a_plan_is_what_apply_sends(l):
    for name, text in EDITS.items():
        for new in (text, TEXT):
            before = sent(l)
            told = plan(l, new, 0 if name == "a comment" else 2)
            assert sent(l) == before, "a plan sent something"
            assert weft(l, "apply", "-", "-m", name, text=new).returncode == 0
            after = sent(l)
            expected = {s["name"]: s["added"] + s["modified"] + s["deleted"] for s in told["switches"]}
            assert {sw: after[sw] - before[sw] for sw in after} == expected, name
            assert len(told["rows"]) == sum(expected.values())
        l.ping("vm-a", "vm-b")          # known again, for those that come
        l.ping("vm-c", "vm-d")
    assert plan(l, "version: 1\nnetworks: 7\n", 1)["findings"]
    words = weft(l, "plan", "-", text=EDITS["a network gone"])
    assert words.returncode == 2
    assert "gone    network lab (" in words.stdout and " would no longer be in network lab, which is gone" in words.stdout
    assert [r["message"] for r in l.weft("history")["revisions"]][1:3] == ["a list", "a list"]


def test_confirmed_and_rolled_back(l):
    first = in_force(l)
    assert weft(l, "confirm").returncode == 1
    assert weft(l, "apply", "-", "--confirm", "10min", text=EDITS["a list"]).returncode == 0
    problem = [p for p in l.weft("status", code=3)["problems"] if p["kind"] == "confirm"][0]
    assert "revision" in problem["text"] and "comes back in" in problem["text"]
    refused = weft(l, "apply", "-", text=TEXT)
    assert refused.returncode == 1 and "waits for a confirmation" in refused.stderr
    assert weft(l, "confirm").returncode == 0
    l.status()
    assert in_force(l) == first + 1
    assert weft(l, "rollback").returncode == 0
    assert l.file.read_text() == TEXT and in_force(l) == first + 2
    assert weft(l, "diff", str(first), str(first + 2)).returncode == 0
    assert "+    acl: web\n" in weft(l, "diff", str(first), str(first + 1)).stdout
    l.ping("vm-a", "vm-b")


def test_unconfirmed_goes_back_by_itself(l):
    first, before = in_force(l), flows(l)
    assert weft(l, "apply", "-", "--confirm", "1s", text=EDITS["a network gone"]).returncode == 0
    wait_for("it is back", lambda: in_force(l) == first + 2, 20)
    l.wait_rest()
    assert l.file.read_text() == TEXT
    assert l.weft("history")["revisions"][-1]["source"] == "unconfirmed"
    l.ping("vm-c", "vm-d")
    wait_for("the rows are as before", lambda: flows(l) == before, 10)


def test_killed_while_it_waits(l):
    """The one that starts next knows: in time it goes on waiting, too late it goes back."""
    first, before = in_force(l), flows(l)
    assert weft(l, "apply", "-", "--confirm", "10min", text=EDITS["a network gone"]).returncode == 0
    l.wait_rest()
    l.kill_weftd()
    l.start_weftd()
    waits = l.weft("history")["confirm"]
    assert waits["revision"] == first + 1 and 0 < waits["seconds_left"] <= 600
    assert set(sent(l).values()) == {0}
    l.kill_weftd()
    l.start_weftd(ahead=700)
    assert in_force(l) == first + 2 and l.weft("history")["confirm"] is None
    assert l.file.read_text() == TEXT
    l.wait_rest()
    l.ping("vm-c", "vm-d")
    wait_for("the rows are as before", lambda: flows(l) == before, 10)
