// SPDX-License-Identifier: Apache-2.0
// What the page of `weft web` makes of answers: run by test_web.py with node --test.
import assert from "node:assert/strict";
import test from "node:test";
import * as model from "../../controller/web/model.mjs";
import { bends, bounds, halves, layout, nodeWidth, NODE_H } from "../../controller/web/layout.mjs";
import { explain } from "../../controller/web/explain.mjs";

const NOW = 1700000000000;
const EVIL = "<img src=x onerror=alert(1)>";

const status = (more = {}) => ({
  verdict: "ok", problems: [], n_networks: 1, n_hosts: 2, version: "1", uptime_seconds: 3600 * 5, networks: [{ name: "lan", transport: "vxlan" }],
  switches: [{ name: "k1", state: "connected", in_sync: true, hosts: 1 }, { name: EVIL, state: "disconnected", in_sync: false, hosts: 0 }],
  config: { file: "/etc/weft/topology.yaml", digest: "0123456789abcdef", failed: false, loaded_ms: NOW - 90000 }, ...more,
});

test("numbers are short and say their unit", () => {
  assert.deepEqual([0, 0.0004, 0.5, 1.234, 999, 12345, null].map(model.mbps), ["0", "0", "500 kbit/s", "1.23 Mbit/s", "999 Mbit/s", "12.3 Gbit/s", ""]);
  assert.deepEqual([0, 999, 1000, 1.5e9, null].map(model.bytes), ["0 B", "999 B", "1 kB", "1.5 GB", ""]);
  assert.deepEqual([0, 119, 120, 7200, 172800, -5, null].map(model.seconds), ["0 s", "119 s", "2 min", "2 h", "2 d", "0 s", ""]);
  assert.equal(model.ago(NOW - 5000, NOW), "5 s");
  assert.equal(model.ago(null, NOW), "");
});

test("the head counts, and says when the file is bad", () => {
  const head = model.head(status(), NOW);
  assert.equal(head.counts, "1 of 2 switches connected, 1 network, 2 hosts");
  assert.match(head.about, /^topology.yaml 01234567, read 90 s ago; weftd 1, up 5 h$/);
  assert.match(model.head(status({ config: { ...status().config, failed: true } }), NOW).about, /has errors/);
});

test("problems come with their cures, worst first as weftd sorts them", () => {
  assert.equal(model.problems(status())[0].tone, "good");
  const list = model.problems(status({ problems: [{ severity: "error", text: EVIL, hint: "do this" }, { severity: "info", text: "b", hint: null }] }));
  assert.deepEqual(list.map(p => [p.tone, p.text, p.cure]), [["error", EVIL, "do this"], ["info", "b", ""]]);
});

test("tables: text stays text, keys are unique, states have tones", () => {
  const port = { switch: EVIL, name: "vm-a", ofport: 0xfffffffe, state: "down", networks: [{ network: "lan", tag: 7, uplink: true, open: false }],
    rx_mbps: null, tx_mbps: 3, rx_bytes: 1, tx_bytes: null, rx_dropped: 2, tx_dropped: null, refused_hosts: 0, why: null };
  const table = model.table("ports", [port, port], NOW);
  assert.equal(table.columns.length, table.rows[0].cells.length);
  assert.notEqual(table.rows[0].key, table.rows[1].key);
  const texts = table.rows[0].cells.map(c => c.text);
  assert.deepEqual([texts[0], texts[2], texts[4], texts[5], texts[6]], [EVIL, "LOCAL", "lan tag 7 uplink (closed)", "", "3 Mbit/s"]);
  assert.match(table.rows[0].cells[3].cls, /error/);
  for (const kind of ["switches", "hosts", "networks", "links", "acls"])
    assert.deepEqual(model.table(kind, [], NOW).rows, []);
  const event = { id: 3, time_ms: NOW, kind: "host", severity: "info", switch: null, text: "host lan ..." };
  assert.equal(model.table("events", [event], NOW).rows[0].cells.at(-1).text, "host lan ...");
});

test("every word must be found somewhere", () => {
  const rows = [{ key: "1", cells: [{ text: "kvm1" }, { text: "VM-a" }] }, { key: "2", cells: [{ text: "kvm2" }, { text: "vm-a" }] }];
  assert.equal(model.filter(rows, " vm-A  kvm1 ").length, 1);
  assert.equal(model.filter(rows, "").length, 2);
});

test("a whole address, a network, a place are asked of weftd", () => {
  const ask = wanted => model.hostQuery(wanted, ["lan"], ["k1"]);
  assert.deepEqual(ask("02:00:00:00:00:AA"), { mac: "02:00:00:00:00:aa" });
  assert.deepEqual(ask("10.0.0.1"), { ip: "10.0.0.1" });
  assert.deepEqual(ask("fe80::1"), { ip: "fe80::1" });
  assert.deepEqual(ask("lan"), { network: "lan" });
  assert.deepEqual(ask("k1"), { switch: "k1" });
  assert.deepEqual(ask("k1:vm-a"), { switch: "k1", port: "vm-a" });
  for (const part of ["02:00", "10.0.", "vm", "", "zz:vm"])
    assert.deepEqual(ask(part), {});
});

const edge = (a, b, more = {}) => ({ name: `${a}-${b}`, a, b, up: true, capacity_mbps: 1000, load_from_a_mbps: 950, load_from_b_mbps: 10,
  utilisation_from_a_percent: 95, utilisation_from_b_percent: 1, nic_from_a_percent: null, nic_from_b_percent: null, drain: false, held_seconds: 0, ...more });

test("the map: both directions, what is down, drained or not known", () => {
  const map = model.map(status(), { nodes: [{ name: "k1" }, { name: "k3" }],
    edges: [edge("k1", EVIL), edge("k3", "k1", { up: false }), edge("k1", "k3", { drain: true, utilisation_from_a_percent: null })] });
  assert.deepEqual(map.nodes.map(n => [n.name, n.sub]), [["k1", "1 host"], ["k3", "waiting"], [EVIL, "disconnected"]]);
  assert.deepEqual([map.edges[0].fromA.cls, map.edges[0].fromB.cls, map.edges[0].fromA.label], ["full", "idle", "95 %"]);
  assert.deepEqual([map.edges[1].fromA.cls, map.edges[1].note, map.edges[1].isBad], ["down", "down", true]);
  assert.deepEqual([map.edges[2].fromA.cls, map.edges[2].note], ["unknown drain", "drained"]);
  assert.match(map.edges[0].title, /k1 to <img.*: 95 % \(950 Mbit\/s\)/);
  assert.match(model.mapNote(map), /3 switches, 3 links, 1 down: k3-k1\. Each/);
  assert.equal(model.map(status(), { nodes: [], edges: [] }).hub, "VXLAN tunnels");
});

test("under the map: which tunnels and links are down, by name; and that nobody watches a mesh", () => {
  const many = ["a", "b", "c", "d", "e", "f"].map(b => edge("k1", b, { up: false, name: `k1-${b}@red` }));
  const note = (edges, more) => model.mapNote(model.map(status(more), { nodes: [{ name: "k1" }], edges }));
  assert.match(note(many.slice(0, 4)), /4 down: k1-a@red, k1-b@red, k1-c@red, k1-d@red\./);
  assert.match(note(many), /6 down: k1-a@red, k1-b@red, k1-c@red, k1-d@red and 2 more\./);
  assert.match(note([]), /no links, so none are watched; tunnels are when the file has `underlays`, or links between two switches/);
  assert.doesNotMatch(note([], { networks: [{ name: "lan", transport: "vlan" }] }), /tunnels/);
});

test("where switches stand: apart from each other, always the same", () => {
  for (const n of [1, 2, 3, 8, 30, 120]) {
    const names = Array.from({ length: n }, (_, i) => `kvm${i}`);
    const edges = names.slice(1).map((name, i) => ({ a: names[Math.floor(i / 3)], b: name }));
    for (const [links, hub] of [[edges, ""], [[], "LAN"]]) {
      const at = layout(names, links, 2, hub);
      assert.deepEqual(layout([...names].reverse(), links, 2, hub), at);
      let overlaps = 0;
      for (const a of names)
        for (const b of names)
          overlaps += a < b && Math.abs(at[a].x - at[b].x) < (nodeWidth(a) + nodeWidth(b)) / 2 && Math.abs(at[a].y - at[b].y) < NODE_H;
      assert.ok(overlaps <= n / 20, `${n} switches, ${links.length} links: ${overlaps} lie on one another`);
      const box = bounds(at);
      assert.ok(names.every(name => at[name].x > box.x && at[name].x < box.x + box.w && Number.isFinite(at[name].y)));
    }
  }
  assert.deepEqual(layout([], [], 2, ""), {});
});

test("500 switches are laid out while somebody waits", () => {
  const names = Array.from({ length: 500 }, (_, i) => `kvm${i}`);
  const start = performance.now();
  layout(names, names.slice(50).flatMap((b, i) => [{ a: names[i % 50], b }, { a: names[(i + 7) % 50], b }]), 2, "");
  assert.ok(performance.now() - start < 20000);
});

test("links between the same two bend apart", () => {
  const at = { a: { x: 0, y: 0 }, b: { x: 100, y: 0 } };
  const edges = [{ a: "a", b: "b" }, { a: "a", b: "b" }];
  const [one, two] = bends(edges, at).map(bend => halves(at.a, at.b, bend).middle);
  assert.notDeepEqual(one, two);
  const straight = halves(at.a, at.b, bends(edges.slice(1), at)[0]);
  assert.deepEqual(straight.middle, { x: 50, y: 0 });
  assert.ok(straight.fromA.head[0] < straight.fromB.head[0] + 1);
});

test("traffic engineering: what was decided and why", () => {
  assert.match(model.te({ state: "off" }, NOW).lines[0].text, /^off/);
  const te = model.te({ state: "rest", mode: "apply", goal: "balance", above_percent: 70, utilisation_percent: 95, planned_percent: 60, bound_percent: 50,
    headroom_percent: 5, looked_ms: NOW - 4000, why: "it is the best", looks: 3, changes: 1, advice: null, last_change: { text: EVIL, why: "w", time_ms: NOW - 9000 },
    busiest: [], guarantees: [], own_ways: [], elephants: [], pairs: [{ from: "a", to: "b", demand_mbps: 5, recent_mbps: null,
      paths: [{ path: "a-b", share_percent: 60 }, { path: "a-c-b", share_percent: 40 }] }] }, NOW);
  assert.ok(te.lines.some(l => l.text.includes("4 s ago: it is the best")) && te.lines.some(l => l.text.includes(EVIL)));
  assert.match(te.lines[1].text, /may grow by 5 %/);
  assert.match(model.te({ state: "rest", utilisation_percent: 0, headroom_percent: 8e8 }, NOW).lines[1].text, /may grow a hundredfold$/);
  assert.equal(te.tables.length, 1);
  assert.equal(te.tables[0].rows[0].cells.at(-1).text, "a-b 60 %, a-c-b 40 %");
});

test("explain: one direction, notes", () => {
  const end = asked => ({ asked, network: "lan", switch: "k1", port: asked, tag: 0, mac: null, ip: null, ip6: null, vtep: null });
  const lines = explain({ protocol: "dhcp", file: "t.yaml", from: end("a"), to: end("b"), notes: [{ text: "n", cure: "c" }],
    directions: [{ from: "a", to: "b", verdict: "reachable", causes: [], legs: [] }] }, "dhcp");
  assert.equal(lines[0].text, "REACHABLE: dhcp from a to b");
  assert.equal(lines[1].text, "k1:a, tag 0, network lan");
  assert.deepEqual(lines.at(-2), { depth: 0, tone: "warning", text: "note: n" });
});
