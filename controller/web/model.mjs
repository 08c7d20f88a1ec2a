// SPDX-License-Identifier: Apache-2.0
// From answers of the API to what is shown: texts, tones (good, warning, error, info) and tables.
// Pure, and without a browser: whatever comes from the network stays text.

export const text = value => value === null || value === undefined ? "" : String(value);

export function mbps(value) {
  if (typeof value !== "number")
    return "";
  if (value >= 1000)
    return `${round(value / 1000)} Gbit/s`;
  if (value >= 1)
    return `${round(value)} Mbit/s`;
  return value >= 0.001 ? `${round(value * 1000)} kbit/s` : "0";
}

function round(value) {
  return String(Number(value.toPrecision(3)));
}

export function bytes(value) {
  if (typeof value !== "number")
    return "";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let i = 0;
  for (; value >= 1000 && i + 1 < units.length; i++)
    value /= 1000;
  return `${round(value)} ${units[i]}`;
}

export const count = value => typeof value === "number" ? value.toLocaleString("en") : "";
export const percent = value => typeof value === "number" ? `${Math.round(value)} %` : "";

export function seconds(s) {
  if (typeof s !== "number")
    return "";
  s = Math.max(0, s);
  if (s < 120)
    return `${Math.floor(s)} s`;
  if (s < 7200)
    return `${Math.floor(s / 60)} min`;
  return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

export const ago = (ms, now) => typeof ms === "number" && ms ? seconds((now - ms) / 1000) : "";

export function plural(n, one, many) {
  return `${count(n)} ${n === 1 ? one : many || one + "s"}`;
}

// --- the head and the problems ---------------------------------------------------------

export function head(status, now) {
  const switches = status.switches || [];
  const connected = switches.filter(s => s.state === "connected").length;
  return {
    verdict: status.verdict,
    counts: `${connected} of ${plural(switches.length, "switch", "switches")} connected, ${plural(status.n_networks, "network")}, ${plural(status.n_hosts, "host")}`,
    about: `${status.config.file.split("/").pop()} ${status.config.digest.slice(0, 8)}, read ${ago(status.config.loaded_ms, now)} ago` +
      `${status.config.failed ? " (the file on disk has errors)" : ""}; weftd ${status.version}, up ${seconds(status.uptime_seconds)}`,
  };
}

export function problems(status) {
  const list = status.problems || [];
  if (!list.length)
    return [{ tone: "good", mark: "\u2713", text: "nothing is wrong", cure: "" }];
  const marks = { error: "\u2715 error", warning: "\u25b2 warning", info: "\u2022 info" };
  return list.map(p => ({ tone: p.severity, mark: marks[p.severity] || p.severity, text: text(p.text), cure: text(p.hint) }));
}

// --- events ----------------------------------------------------------------------------

export function event(e) {
  const words = text(e.text), kind = text(e.kind);
  const where = words.startsWith(kind) ? "" : `${kind} ${e.switch ? e.switch + ": " : ""}`;
  const when = new Date(e.time_ms);
  const two = n => String(n).padStart(2, "0");
  return { id: e.id, tone: e.severity, time: `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`, text: where + words };
}

// --- tables ----------------------------------------------------------------------------

const stateTone = state => ({ connected: "good", ok: "good", up: "good", learned: "", recovered: "", standby: "warning",
  connecting: "warning", unconfirmed: "warning", resting: "warning", link: "warning", storm: "warning", rate: "warning", mirror: "info", local: "", "no-network": "info",
  disabled: "info" }[state] ?? "error");

const networksText = list => (list || []).map(u => u.network + (u.tag === null || u.tag === undefined ? "" : ` tag ${u.tag}`) +
  (u.uplink ? " uplink" : "") + (u.open === false ? " (closed)" : "")).join(", ");

const ofportText = n => n === 0xfffffffe ? "LOCAL" : text(n);
const share = (a, b) => typeof a !== "number" && typeof b !== "number" ? "" : `${percent(a) || "?"} / ${percent(b) || "?"}`;

// [title, class, value(item, now), tone(item)]; wide: not on a phone, long: may wrap.
const columns = {
  switches: [
    ["switch", "", s => s.name], ["state", "", s => s.state, s => stateTone(s.state)],
    ["in sync", "", s => s.in_sync ? "yes" : "no", s => s.in_sync || s.state !== "connected" ? "" : "warning"],
    ["since", "right", (s, now) => ago(s.since_ms, now)], ["hosts", "right", s => count(s.hosts)], ["ports", "right", s => count(s.ports)],
    ["flows", "right", s => count(s.flows)], ["refused", "right wide", s => count(s.refused_rows), s => s.refused_rows ? "error" : ""],
    ["dpid", "wide", s => s.dpid], ["peer", "wide", s => text(s.session?.peer)],
    ["echo", "right wide", s => s.session?.rtt_us ? `${(s.session.rtt_us / 1000).toFixed(1)} ms` : ""],
    ["software", "wide", s => text(s.session?.software)], ["last error", "long", s => text(s.last_error), () => "error"],
  ],
  ports: [
    ["switch", "", p => p.switch], ["port", "", p => p.name], ["no.", "right wide", p => ofportText(p.ofport)],
    ["state", "", p => p.state, p => stateTone(p.state)], ["networks", "", p => networksText(p.networks)],
    ["in", "right", p => mbps(p.rx_mbps)], ["out", "right", p => mbps(p.tx_mbps)],
    ["in, all", "right wide", p => bytes(p.rx_bytes)], ["out, all", "right wide", p => bytes(p.tx_bytes)],
    ["drops", "right", p => p.rx_dropped || p.tx_dropped ? count((p.rx_dropped || 0) + (p.tx_dropped || 0)) : "", () => "warning"],
    ["refused", "right wide", p => p.refused_hosts ? count(p.refused_hosts) : "", () => "warning"], ["why", "long", p => text(p.why)],
  ],
  hosts: [
    ["where", "", h => text(h.where) || "not known yet"], ["IPv4", "", h => text(h.ip)], ["MAC", "", h => h.mac],
    ["network", "", h => h.network], ["IPv6", "wide", h => text(h.ip6)], ["state", "wide", h => h.state, h => stateTone(h.state)],
    ["seen", "right", h => seconds(h.seen_seconds)], ["known", "right wide", h => seconds(h.known_seconds)],
  ],
  networks: [
    ["network", "", n => n.name], ["hosts", "right", n => count(n.hosts) + (n.max_hosts ? ` of ${count(n.max_hosts)}` : ""),
      n => n.max_hosts && n.hosts >= n.max_hosts ? "warning" : ""],
    ["ports", "right", n => count(n.ports)], ["switches", "right", n => count(n.switches)],
    ["transport", "", n => n.transport + (n.vlan ? ` VLAN ${n.vlan}` : "") + (n.vni ? ` VNI ${n.vni}` : "")],
    ["LAN at", "", n => text(n.gateway)], ["subnet", "wide", n => text(n.subnet)], ["MTU", "right wide", n => text(n.guest_mtu)],
    ["moves", "right wide", n => count(n.moves)], ["refused hosts", "right wide", n => count(n.refused_hosts), n => n.refused_hosts ? "warning" : ""],
  ],
  links: [
    ["link", "", l => l.name], ["kind", "wide", l => l.kind], ["state", "", l => l.state, l => stateTone(l.state)],
    ["used a / b", "right", l => share(l.utilisation_from_a_percent, l.utilisation_from_b_percent)],
    ["sends a", "right wide", l => mbps(l.load_from_a_mbps)], ["sends b", "right wide", l => mbps(l.load_from_b_mbps)],
    ["NIC a / b", "right wide", l => share(l.nic_from_a_percent, l.nic_from_b_percent)],
    ["capacity", "right", l => mbps(l.capacity_mbps)], ["delay", "right", l => typeof l.delay_us === "number" ? `${(l.delay_us / 1000).toFixed(2)} ms` : ""],
    ["jitter", "right wide", l => typeof l.jitter_us === "number" ? `${(l.jitter_us / 1000).toFixed(2)} ms` : ""],
    ["loss a / b", "right", l => share(l.loss_percent_from_a, l.loss_percent_from_b),
      l => l.loss_percent_from_a || l.loss_percent_from_b ? "warning" : ""],
    ["BFD", "wide", l => l.bfd], ["failures", "right wide", l => count(l.flaps)],
    ["why", "long", l => [text(l.why), l.drain ? "drained" : "", l.held_seconds ? `held for ${seconds(l.held_seconds)}` : ""].filter(Boolean).join("; ")],
  ],
  acls: [
    ["list", "", a => a.acl], ["rule", "long", a => a.rule], ["verdict", "", a => a.verdict, a => a.verdict === "allow" ? "good" : "error"],
    ["packets", "right", a => count(a.packets)], ["bytes", "right", a => bytes(a.bytes)],
    ["last hit", "right", a => a.last_hit_seconds === null ? "" : `${seconds(a.last_hit_seconds)} ago`], ["line", "right wide", a => text(a.line)],
    ["mode", "wide", a => a.mode + (a.stateful ? ", stateful" : "")], ["used by", "long wide", a => (a.used_by || []).join(", ")],
  ],
  events: [
    ["time", "", e => event(e).time], ["severity", "wide", e => e.severity, e => e.severity === "info" ? "" : e.severity],
    ["kind", "wide", e => e.kind], ["switch", "wide", e => text(e.switch)],
    ["what", "long", e => event(e).text, e => e.severity === "info" ? "" : e.severity],
  ],
};

const keys = {
  switches: s => s.name, ports: p => `${p.switch}:${p.ofport}`, hosts: h => `${h.network} ${h.mac}`, networks: n => n.name,
  links: l => l.name, events: e => String(e.id), acls: a => `${a.acl} ${a.line} ${a.text}`,
};

// {columns: [{title, cls}], rows: [{key, cells: [{text, cls}]}]}
export function table(kind, items, now) {
  const of = columns[kind], seen = new Map();
  const rows = items.map(item => {
    const name = keys[kind](item), n = seen.get(name) || 0;
    seen.set(name, n + 1);
    return { key: n ? `${name} ${n}` : name, cells: of.map(([, cls, value, tone]) => {
      const shown = text(value(item, now)), color = shown && tone ? tone(item) : "";
      return { text: shown, cls: color ? `${cls} ${color}` : cls };
    }) };
  });
  return { columns: of.map(([title, cls]) => ({ title, cls })), rows };
}

// Rows in which each word is somewhere.
export function filter(rows, wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length ? rows.filter(row => words.every(word => row.cells.some(cell => cell.text.toLowerCase().includes(word)))) : rows;
}

// What to ask weftd for, since it has more hosts than are sent at once: a whole address, or a network, switch, port.
export function hostQuery(wanted, networks, switches) {
  const word = wanted.trim();
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(word))
    return { mac: word.toLowerCase() };
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(word) || /^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*$/i.test(word))
    return { ip: word };
  if (networks.includes(word))
    return { network: word };
  if (switches.includes(word))
    return { switch: word };
  const place = word.match(/^([^\s:]+):([^\s:]+)$/);
  return place && switches.includes(place[1]) ? { switch: place[1], port: place[2] } : {};
}

// --- the map ------------------------------------------------------------------------------

export function load(used) {
  if (typeof used !== "number")
    return "unknown";
  return used < 40 ? "idle" : used < 70 ? "some" : used < 90 ? "busy" : "full";
}

const width = used => typeof used === "number" ? 2.5 + Math.min(100, used) / 14 : 2.5;

const larger = (a, b) => typeof a === "number" && typeof b === "number" ? Math.max(a, b) : typeof a === "number" ? a : b;

function direction(edge, end) {
  const used = larger(edge[`utilisation_from_${end}_percent`], edge[`nic_from_${end}_percent`]);
  const cls = !edge.up ? "down" : load(used);
  return { cls: edge.drain ? `${cls} drain` : cls, width: edge.up ? width(used) : 2.5, used: edge.up ? used : undefined,
    label: !edge.up || typeof used !== "number" ? "" : percent(used), rate: mbps(edge[`load_from_${end}_mbps`]) };
}

// {nodes: [{name, state, sub, title}], edges: [{name, a, b, fromA, fromB, note, title, isBad, isTurned}], hub}
export function map(status, graph) {
  const known = new Map((status.switches || []).map(s => [s.name, s]));
  const names = [...new Set([...(graph.nodes || []).map(n => n.name), ...known.keys()])];
  const nodes = names.map(name => {
    const s = known.get(name), state = s ? s.state : "waiting";
    const sub = state !== "connected" ? state : !s.in_sync ? "being changed" : plural(s.hosts, "host");
    return { name, state: state === "connected" && !s.in_sync ? "connected busy-sync" : state, sub, title: `${name}: ${state}, ${sub}` };
  });
  const edges = (graph.edges || []).map(e => {
    const fromA = direction(e, "a"), fromB = direction(e, "b");
    const note = !e.up ? "down" : e.drain ? "drained" : e.held_seconds ? "held" : "";
    const say = (from, to, d) => `${from} to ${to}: ${d.label || "load not known"}${d.rate ? ` (${d.rate})` : ""}`;
    return { name: e.name, a: e.a, b: e.b, fromA, fromB, note, isTurned: e.a > e.b,
      isBad: !e.up || e.drain || e.held_seconds > 0 || Math.max(fromA.used || 0, fromB.used || 0) >= 70,
      title: `${e.name}${note ? `, ${note}` : ""}\n${say(e.a, e.b, fromA)}\n${say(e.b, e.a, fromB)}\ncapacity ${mbps(e.capacity_mbps)}` };
  });
  return { nodes, edges, hub: hub(status, names, edges) };
}

// What joins switches when the file names no links.
function hub(status, names, edges) {
  if (edges.length || names.length < 2)
    return "";
  const kinds = new Set((status.networks || []).map(n => n.transport));
  return kinds.has("vlan") && kinds.has("vxlan") ? "LAN and tunnels" : kinds.has("vxlan") ? "VXLAN tunnels" : kinds.has("vlan") ? "LAN" : "";
}

const NAMED = 4;

export function mapNote(drawn) {
  if (!drawn.nodes.length)
    return "no switch is known yet";
  const down = drawn.edges.filter(e => e.note === "down").map(e => e.name);
  const words = [plural(drawn.nodes.length, "switch", "switches"), plural(drawn.edges.length, "link")];
  if (down.length)
    words.push(`${down.length} down: ${down.slice(0, NAMED).join(", ")}${down.length > NAMED ? ` and ${down.length - NAMED} more` : ""}`);
  if (drawn.hub)
    words.push("the file names no links, so none are watched" +
      (drawn.hub === "LAN" ? "" : "; tunnels are when the file has `underlays`, or links between two switches"));
  return words.join(", ") + (drawn.edges.length ? ". Each half of a link is what goes from that end." : ".");
}

// --- traffic engineering --------------------------------------------------------------------

const pathsText = pair => (pair.paths || []).map(p => pair.paths.length === 1 ? p.path : `${p.path} ${percent(p.share_percent)}`).join(", ") || "none";

export function te(answer, now) {
  if (answer.state === "off")
    return { lines: [{ tone: "", text: "off: the file has no links to steer traffic over" }], tables: [] };
  const lines = [{ tone: "", text: `${answer.mode}, goal ${answer.goal}: nothing is touched while no link is above ${percent(answer.above_percent)}; now: ${answer.state}` }];
  if (typeof answer.utilisation_percent === "number")
    lines.push({ tone: answer.utilisation_percent >= 90 ? "error" : "", text: `busiest link ${percent(answer.utilisation_percent)}, planned ` +
      `${percent(answer.planned_percent)}, no plan can be below ${percent(answer.bound_percent)}` +
      (typeof answer.headroom_percent !== "number" ? ""
        : answer.headroom_percent >= 10000 ? "; all traffic may grow a hundredfold" : `; all traffic may grow by ${percent(answer.headroom_percent)}`) });
  if (answer.looked_ms)
    lines.push({ tone: "", text: `${ago(answer.looked_ms, now)} ago: ${text(answer.why)}` });
  if (answer.last_change)
    lines.push({ tone: "info", text: `last change, ${ago(answer.last_change.time_ms, now)} ago: ${text(answer.last_change.text)} (${text(answer.last_change.why)})` });
  if (answer.advice)
    lines.push({ tone: "warning", text: `advice: ${answer.advice}` });
  lines.push({ tone: "", text: `${plural(answer.changes, "change")} in ${plural(answer.looks, "look")} since weftd started` });
  const tables = [
    small("busiest", answer.busiest, [["link", b => b.link], ["from", b => text(b.from)], ["to", b => text(b.to)],
      ["used", b => percent(b.utilisation_percent), "right"], ["steered", b => mbps(b.load_mbps), "right"],
      ["others", b => mbps(b.background_mbps), "right"], ["capacity", b => mbps(b.capacity_mbps), "right"],
      ["of whom", b => (b.pairs || []).map(p => `${p.from}\u2192${p.to} ${mbps(p.mbps)}`).join(", "), "long"]]),
    small("guarantees", answer.guarantees, [["network", g => g.network ?? "pair"], ["from", g => g.from], ["to", g => g.to],
      ["promised", g => mbps(g.promised_mbps), "right"], ["room", g => mbps(g.room_mbps) || "?", "right"],
      ["met", g => g.met ? "yes" : "short"], ["after the worst loss", g => mbps(g.after_cut_mbps) || "?", "right"], ["of", g => text(g.cut), "long"]]),
    small("pairs", answer.pairs, [["from", p => p.from], ["to", p => p.to], ["planned for", p => mbps(p.demand_mbps), "right"],
      ["of late", p => mbps(p.recent_mbps), "right"], ["paths", p => pathsText(p) + (p.rules_broken ? " (what the file asks for cannot be met)" : ""), "long"]]),
    small("networks with ways of their own", answer.own_ways, [["network", o => o.network], ["from", o => o.from], ["to", o => o.to],
      ["of late", o => mbps(o.recent_mbps), "right"], ["path", o => o.path ?? "none that is up suits: as the pair", "long"]]),
    small("large flows", answer.elephants, [["from", e => e.from], ["to", e => e.to], ["slot", e => text(e.slot), "right"],
      ["carries", e => mbps(e.mbps), "right"], ["of the pair", e => percent(e.part_percent), "right"], ["path", e => e.path, "long"]]),
  ];
  return { lines, tables: tables.filter(t => t.rows.length) };
}

function small(title, items, of) {
  return { title, columns: of.map(([name, , cls]) => ({ title: name, cls: cls || "" })),
    rows: (items || []).map((item, i) => ({ key: String(i), cells: of.map(([, value, cls]) => ({ text: text(value(item)), cls: cls || "" })) })) };
}
