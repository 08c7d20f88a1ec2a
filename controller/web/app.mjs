// SPDX-License-Identifier: Apache-2.0
// The page: asks, and puts what model.mjs makes of the answers into the document, as text. Asks
// slowly, only for what is seen, and not at all while nobody looks.
import * as model from "./model.mjs";
import { explain } from "./explain.mjs";
import { bends, bounds, halves, layout, nodeWidth, NODE_H } from "./layout.mjs";

const POLL_MS = 5000, MAX_EVENTS = 500, RECENT = 12, LABELS = 40, STOPS = 60;
const $ = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function el(tag, cls, ...children) {
  const node = document.createElement(tag);
  if (cls)
    node.className = cls;
  node.append(...children);
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes))
    node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Only what differs is touched, so nothing jumps and a selection stays.
function setText(node, value) {
  if (node.textContent !== value)
    node.textContent = value;
}

function set(node, name, value) {
  if (node.getAttribute(name) !== String(value))
    node.setAttribute(name, value);
}

// --- asking ---------------------------------------------------------------------------------

class Away extends Error {}

async function get(path, params = {}) {
  let answer;
  try {
    answer = await fetch(`${path}?${new URLSearchParams(params)}`, { cache: "no-store", signal: AbortSignal.timeout(60000) });
  } catch {
    throw new Away("weft web does not answer");
  }
  if (answer.status === 401)
    throw new Away("the token is not good any more: open the address that weft web prints");
  const body = await answer.json().catch(() => ({ error: `code ${answer.status}` }));
  if (body.away || answer.status === 502)
    throw new Away(body.error);
  if (!answer.ok)
    throw Object.assign(new Error(body.error), { hint: body.hint });
  return body;
}

// --- where we are -------------------------------------------------------------------------------

const views = [["overview", "overview"], ["switches", "switches"], ["ports", "ports"], ["hosts", "hosts"], ["networks", "networks"],
  ["links", "links"], ["acls", "rules"], ["te", "traffic"], ["events", "events"], ["explain", "explain"]];
const tabs = new Map(views.map(([name, title]) => {
  const a = el("a", "", title);
  a.href = `#${name}`;
  $("tabs").append(a);
  return [name, a];
}));
const sections = { overview: "overview", te: "te", explain: "explain" };
let view = "overview", status = null, graph = null, items = [];

// #ports?vm-a: the view, and what is searched for.
function route() {
  const [name, wanted] = location.hash.slice(1).split("?");
  const before = view;
  view = tabs.has(name) ? name : "overview";
  for (const [key, a] of tabs)
    if (key === view)
      a.setAttribute("aria-current", "page");
    else
      a.removeAttribute("aria-current");
  tabs.get(view).scrollIntoView({ block: "nearest", inline: "nearest" });
  const shown = sections[view] ?? "list";
  for (const id of ["overview", "list", "te", "explain"])
    $(id).hidden = id !== shown;
  if (shown === "list") {
    if (before !== view || wanted !== undefined)
      $("search").value = wanted ? decodeURIComponent(wanted) : "";
    if (before !== view)
      items = view === "events" ? events : [];
    begin_list();
  }
  document.title = `weft: ${views.find(([key]) => key === view)[1]}`;
  poll();
  follow();
}

// --- tables ------------------------------------------------------------------------------------

const hints = { hosts: "MAC, IP, port, network", events: "kind, switch, words", acls: "list, rule, port" };

function fill(table, data, isNew) {
  const [head, body] = [table.tHead, table.tBodies[0]];
  if (isNew) {
    head.replaceChildren(el("tr", "", ...data.columns.map(c => Object.assign(el("th", c.cls, c.title), { scope: "col" }))));
    body.replaceChildren();
  }
  const old = new Map([...body.rows].map(row => [row.dataset.key, row]));
  let next = body.firstChild;
  for (const row of data.rows) {
    let tr = old.get(row.key);
    old.delete(row.key);
    if (!tr) {
      tr = el("tr", "", ...row.cells.map(() => el("td", "")));
      tr.dataset.key = row.key;
    }
    row.cells.forEach((cell, i) => {
      setText(tr.cells[i], cell.text);
      if (tr.cells[i].className !== cell.cls)
        tr.cells[i].className = cell.cls;
    });
    if (tr === next)
      next = next.nextSibling;
    else
      body.insertBefore(tr, next);
  }
  for (const tr of old.values())
    tr.remove();
}

let tableOf = "", isTruncated = false;

function begin_list() {
  const title = views.find(([key]) => key === view)[1];
  setText($("list-title"), title);
  $("search").placeholder = hints[view] ?? "words";
  show_list();
}

function show_list() {
  const wanted = $("search").value;
  const data = model.table(view, view === "events" ? [...items].reverse() : items, Date.now());
  const rows = model.filter(data.rows, wanted);
  fill($("table"), { ...data, rows }, tableOf !== view);
  tableOf = view;
  setText($("list-count"), rows.length === data.rows.length ? model.count(rows.length) : `${model.count(rows.length)} of ${model.count(data.rows.length)}`);
  setText($("list-note"), isTruncated && view !== "events" ? "There are more. Search by a whole MAC or IP address, a network, a switch or switch:port to see others." : "");
}

async function list() {
  const asked = view, wanted = $("search").value;
  if (asked === "events")
    return show_list();
  const params = asked === "hosts" && status
    ? model.hostQuery(wanted, status.networks.map(n => n.name), status.switches.map(s => s.name)) : {};
  const answer = await get(`/v1/${asked}`, { ...params, limit: 1000 });
  if (asked !== view)
    return;
  items = answer[asked];
  isTruncated = answer.truncated;
  show_list();
}

let typed = 0;
$("search").addEventListener("input", () => {
  show_list();
  clearTimeout(typed);
  if (view === "hosts")
    typed = setTimeout(poll, 400);
});

// --- head and problems --------------------------------------------------------------------------

function show_status() {
  const head = model.head(status, Date.now());
  const pill = $("verdict");
  setText(pill, head.verdict);
  pill.className = `pill ${head.verdict}`;
  setText($("counts"), head.counts);
  setText($("about"), head.about);
  const list = model.problems(status);
  const sign = JSON.stringify(list);
  if ($("problems").dataset.sign === sign)
    return;
  $("problems").dataset.sign = sign;
  $("problems").replaceChildren(...list.map(p => {
    const li = el("li", "", el("span", `mark ${p.tone}`, p.mark), " ", p.text);
    if (p.cure)
      li.append(el("span", "cure", p.cure));
    return li;
  }));
}

// --- the map -----------------------------------------------------------------------------------

let drawn = { sign: "", box: null, nodes: new Map(), edges: new Map() };
let box = null;                 // what of it is seen

function aspect() {
  const area = $("map").getBoundingClientRect();
  return area.width && area.height ? area.width / area.height : 2;
}

function look(next) {
  box = next;
  set($("map"), "viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
  const area = $("map").getBoundingClientRect();
  $("map").classList.toggle("near", box.w < drawn.box.w * 0.95);
  $("map").classList.toggle("far", area.width > 0 && Math.min(area.width / box.w, area.height / box.h) < 0.4);
}

function zoom(factor) {
  look({ x: box.x + box.w * (1 - factor) / 2, y: box.y + box.h * (1 - factor) / 2, w: box.w * factor, h: box.h * factor });
}

function draw_edge(edge, at, bend, order) {
  const [a, b] = edge.isTurned ? [at[edge.b], at[edge.a]] : [at[edge.a], at[edge.b]];
  const h = halves(a, b, bend);
  const [fromA, fromB] = edge.isTurned ? [h.fromB, h.fromA] : [h.fromA, h.fromB];
  const parts = {};
  const g = svg("a", { href: `#links?${encodeURIComponent(edge.name)}`, tabindex: order }), words = svg("g", {});
  parts.title = svg("title", {});
  g.append(parts.title);
  for (const [end, half] of [["fromA", fromA], ["fromB", fromB]]) {
    const [x1, y1, x2, y2] = half.line;
    const p = half.head;
    parts[end] = { line: svg("line", { x1, y1, x2, y2 }), head: svg("polygon", { points: `${p[0]},${p[1]} ${p[2]},${p[3]} ${p[4]},${p[5]}` }),
      label: svg("text", { x: half.label.x, y: half.label.y + 4 }) };
    g.append(svg("line", { x1, y1, x2, y2, class: "hit" }), parts[end].line, parts[end].head);
    words.append(parts[end].label);
  }
  parts.note = svg("text", { x: h.middle.x, y: h.middle.y - 8 });
  words.append(parts.note);
  return { g, words, parts };
}

function draw(map, sign) {
  const known = new Set(map.nodes.map(n => n.name));
  const edges = map.edges.filter(e => known.has(e.a) && known.has(e.b) && e.a !== e.b);
  $("map").classList.toggle("large", map.nodes.length > 20);
  const at = layout([...known], edges, aspect(), map.hub && !known.has(map.hub) ? map.hub : "");
  const lines = svg("g", { class: "edges" }), boxes = svg("g", { class: "nodes" }), words = svg("g", { class: "words" });
  drawn = { sign, nodes: new Map(), edges: new Map(), box: null };
  const place = (name, x, y) => {
    const w = nodeWidth(name);
    const a = svg("a", { transform: `translate(${x} ${y})` }, svg("rect", { x: -w / 2, y: -NODE_H / 2, width: w, height: NODE_H, rx: 8 }));
    const title = svg("title", {}), letters = [...name];
    const name_text = svg("text", { y: -6 }), sub = svg("text", { y: 11, class: "sub" });
    name_text.textContent = letters.length > 17 ? letters.slice(0, 16).join("") + "\u2026" : name;
    a.append(title, name_text, sub);
    boxes.append(a);
    return { a, title, sub, name: name_text };
  };
  const hasHub = map.hub && at[map.hub] && !known.has(map.hub);
  if (hasHub)
    for (const name of known)
      lines.append(svg("line", { class: "edge lan", "stroke-width": 2, x1: 0, y1: 0, x2: at[name].x, y2: at[name].y }));
  const aside = bends(edges, at), order = edges.length > STOPS || map.nodes.length > STOPS ? -1 : 0;
  for (const [i, edge] of edges.entries()) {
    const made = draw_edge(edge, at, aside[i], order);
    lines.append(made.g);
    words.append(made.words);
    drawn.edges.set(edge.name, made);
  }
  for (const node of map.nodes) {
    const made = place(node.name, at[node.name].x, at[node.name].y);
    set(made.a, "href", `#ports?${encodeURIComponent(node.name)}`);
    set(made.a, "tabindex", order);
    drawn.nodes.set(node.name, made);
  }
  if (hasHub) {
    const made = place(map.hub, 0, 0);
    made.a.setAttribute("class", "hub");
    made.name.setAttribute("y", 0);
  }
  $("map").replaceChildren(lines, words, boxes);
  drawn.box = bounds(at);
  look(drawn.box);
}

function show_map() {
  const map = model.map(status, graph);
  const sign = JSON.stringify([map.nodes.map(n => n.name), map.edges.map(e => [e.name, e.a, e.b]), map.hub]);
  if (sign !== drawn.sign)
    draw(map, sign);
  const onlyBad = $("map-bad").checked, withLabels = map.edges.length <= LABELS;
  for (const node of map.nodes) {
    const made = drawn.nodes.get(node.name);
    set(made.a, "class", node.state);
    setText(made.sub, node.sub);
    setText(made.title, node.title);
  }
  for (const edge of map.edges) {
    const made = drawn.edges.get(edge.name);
    if (!made)
      continue;
    for (const part of [made.g, made.words])
      set(part, "display", onlyBad && !edge.isBad ? "none" : "inline");
    setText(made.parts.title, edge.title);
    setText(made.parts.note, withLabels || edge.isBad ? edge.note : "");
    for (const end of ["fromA", "fromB"]) {
      const part = made.parts[end], d = edge[end];
      set(part.line, "class", `edge ${d.cls}`);
      set(part.line, "stroke-width", d.width);
      set(part.head, "class", `head ${d.cls}`);
      setText(part.label, withLabels || (d.used || 0) >= 70 ? d.label : "");
    }
  }
  setText($("map-note"), model.mapNote(map));
}

$("map-in").addEventListener("click", () => zoom(1 / 1.4));
$("map-out").addEventListener("click", () => zoom(1.4));
$("map-fit").addEventListener("click", () => drawn.box && look(drawn.box));
$("map-bad").addEventListener("change", () => status && graph && show_map());
$("map").addEventListener("wheel", e => {
  if (!e.ctrlKey || !box)
    return;
  e.preventDefault();
  zoom(e.deltaY < 0 ? 1 / 1.2 : 1.2);
}, { passive: false });

let drag = null;
$("map").addEventListener("pointerdown", e => { drag = box && (e.pointerType === "mouse" || box.w < drawn.box.w) ? { x: e.clientX, y: e.clientY, box } : null; });
addEventListener("pointermove", e => {
  if (!drag)
    return;
  const area = $("map").getBoundingClientRect(), scale = Math.max(drag.box.w / area.width, drag.box.h / area.height);
  look({ ...drag.box, x: drag.box.x - (e.clientX - drag.x) * scale, y: drag.box.y - (e.clientY - drag.y) * scale });
});
for (const end of ["pointerup", "pointercancel"])
  addEventListener(end, () => { drag = null; });
addEventListener("resize", () => box && look(box));

// --- traffic engineering ---------------------------------------------------------------------------

function show_te(answer) {
  const shown = model.te(answer, Date.now());
  $("te-lines").className = "card";
  $("te-lines").replaceChildren(...shown.lines.map(line => el("p", line.tone, line.text)));
  $("te-tables").replaceChildren(...shown.tables.flatMap(t => {
    const table = el("table", "", el("thead", ""), el("tbody", ""));
    fill(table, t, true);
    return [el("h3", "", t.title), el("div", "scroll", table)];
  }));
}

// --- explain ----------------------------------------------------------------------------------------

$("ask").addEventListener("submit", async e => {
  e.preventDefault();
  const form = new FormData($("ask")), params = {};
  for (const [name, value] of form)
    if (value.trim())
      params[name] = value.trim();
  $("answer").replaceChildren(el("p", "note", "asking \u2026"));
  try {
    const answer = await get("/v1/explain", params);
    $("answer").replaceChildren(...explain(answer, params.protocol ?? "").map(line => {
      const p = el(line.tone === "head" ? "h3" : "p", `d${line.depth} ${line.tone}`);
      if (line.where !== undefined)
        p.append(el("span", "where", line.where), " ");
      p.append(line.text);
      return p;
    }));
  } catch (error) {
    $("answer").replaceChildren(el("p", "error", error.message), el("p", "note", error.hint ?? ""));
  }
});

// --- events -------------------------------------------------------------------------------------------

let events = [], stream = null;

function show_events() {
  const recent = events.slice(-RECENT).reverse().map(model.event);
  $("recent").replaceChildren(...recent.map(e => el("li", e.tone === "info" ? "" : e.tone, el("time", "", e.time), e.text)));
  if (view === "events") {
    items = events;
    show_list();
  }
}

let isDue = 0;
function events_changed() {
  if (!isDue)
    isDue = setTimeout(() => { isDue = 0; show_events(); }, 300);
}

function take_line(line) {
  if (!line)
    return;
  const event = JSON.parse(line);
  if (event.error)
    throw new Error(event.error);
  events.push(event);
  events = events.slice(-MAX_EVENTS);
  events_changed();
}

async function read_stream(signal) {
  const answer = await get("/v1/events", { limit: 200 });
  events = answer.events;
  events_changed();
  const reply = await fetch(`/v1/events?follow=1&after=${answer.last_id}`, { signal, cache: "no-store" });
  if (!reply.ok)
    throw new Error("no stream");
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "";;) {
    const { value, done } = await reader.read();
    if (done)
      return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.forEach(take_line);
  }
}

const wantsEvents = () => !document.hidden && (view === "overview" || view === "events");

// Runs while events are seen; begins again when it ends.
async function follow() {
  if (!wantsEvents()) {
    stream?.abort();
    return;
  }
  if (stream)
    return;
  stream = new AbortController();
  await read_stream(stream.signal).catch(() => {});
  const isAborted = stream.signal.aborted;
  stream = null;
  setTimeout(follow, isAborted ? 0 : failures ? 10000 : 3000);
}

// --- the clock ------------------------------------------------------------------------------------------

let timer = 0, isPolling = false, isAgain = false, failures = 0, awaySince = 0;

function show_away(error) {
  awaySince ||= Date.now();
  failures++;
  $("away").hidden = false;
  document.body.classList.add("stale");
  setText($("away"), `${error.message}. What is shown is of ${new Date(awaySince).toLocaleTimeString()}; it goes on by itself.`);
  setText($("verdict"), "not known");
  $("verdict").className = "pill";
}

async function ask_all() {
  status = await get("/v1/status");
  show_status();
  if (view === "overview") {
    graph = await get("/v1/graph");
    show_map();
  } else if (view === "te")
    show_te(await get("/v1/te"));
  else if (view !== "explain")
    await list();
}

async function poll() {
  clearTimeout(timer);
  if (document.hidden)
    return;
  isAgain = isPolling;
  if (isPolling)
    return;
  isPolling = true;
  try {
    await ask_all();
    failures = awaySince = 0;
    $("away").hidden = true;
    document.body.classList.remove("stale");
  } catch (error) {
    show_away(error);
  }
  isPolling = false;
  timer = setTimeout(poll, isAgain ? 0 : failures ? Math.min(15000, 1000 * 2 ** failures) : POLL_MS);
}

document.addEventListener("visibilitychange", () => { poll(); follow(); });
addEventListener("hashchange", route);
route();
