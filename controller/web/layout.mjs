// SPDX-License-Identifier: Apache-2.0
// Where switches and links are drawn. Pure: the same names give the same picture.

export const NODE_H = 40;
export const nodeWidth = name => Math.max(72, Math.min(170, 9 * [...name].length + 24));

function circle(names, width, height) {
  const at = {};
  names.forEach((name, i) => {
    const angle = 2 * Math.PI * i / names.length - (names.length === 2 ? Math.PI : Math.PI / 2);
    at[name] = { x: width / 2 * Math.cos(angle), y: height / 2 * Math.sin(angle) };
  });
  return at;
}

function grid(names, aspect) {
  const at = {};
  const w = 30 + Math.max(...names.map(nodeWidth)), h = NODE_H + 26;
  const columns = Math.max(1, Math.round(Math.sqrt(names.length * aspect * h / w)));
  names.forEach((name, i) => { at[name] = { x: (i % columns) * w, y: Math.floor(i / columns) * h }; });
  return at;
}

// Springs along links, all nodes push each other away (Fruchterman, Reingold 1991), within an
// area of that aspect. Begins on a circle, so nothing is left to chance.
function springs(names, edges, aspect) {
  const n = names.length, side = Math.sqrt(n) * 150;
  const w = side * Math.sqrt(aspect), h = side / Math.sqrt(aspect), k = Math.sqrt(w * h / n);
  const index = new Map(names.map((name, i) => [name, i]));
  const start = circle(names, w * 0.9, h * 0.9);
  const x = names.map(name => start[name].x), y = names.map(name => start[name].y);
  const links = edges.map(e => [index.get(e.a), index.get(e.b)]).filter(([a, b]) => a !== undefined && b !== undefined && a !== b);
  const steps = n > 200 ? 120 : 300;
  for (let step = 0; step < steps; step++) {
    const dx = new Float64Array(n), dy = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        let vx = x[i] - x[j], vy = y[i] - y[j];
        const d2 = vx * vx + vy * vy + 0.01;
        if (d2 > 36 * k * k)
          continue;
        const f = k * k / d2;
        vx *= f; vy *= f;
        dx[i] += vx; dy[i] += vy; dx[j] -= vx; dy[j] -= vy;
      }
    }
    for (const [a, b] of links) {
      const vx = x[a] - x[b], vy = y[a] - y[b], f = Math.sqrt(vx * vx + vy * vy) / k;
      dx[a] -= vx * f; dy[a] -= vy * f; dx[b] += vx * f; dy[b] += vy * f;
    }
    const heat = side / 8 * (1 - step / steps);
    for (let i = 0; i < n; i++) {
      const d = Math.sqrt(dx[i] * dx[i] + dy[i] * dy[i]) + 0.01, move = Math.min(d, heat);
      x[i] = Math.max(-w / 2, Math.min(w / 2, x[i] + dx[i] / d * move));
      y[i] = Math.max(-h / 2, Math.min(h / 2, y[i] + dy[i] / d * move));
    }
  }
  const wide = stretch(x, y, aspect);
  return apart(Object.fromEntries(names.map((name, i) => [name, { x: x[i] * wide, y: y[i] }])), names);
}

// How much wider it may be drawn.
function stretch(x, y, aspect) {
  const reach = list => Math.max(...list) - Math.min(...list) || 1;
  return Math.max(1, Math.min(2.2, aspect * 0.92 / (reach(x) / reach(y))));
}

// Boxes that lie on one another are pushed apart, a little at a time.
function apart(at, names) {
  const boxes = names.map(name => ({ at: at[name], half: nodeWidth(name) / 2 + 6 }));
  const push = (a, b) => {
    const oy = NODE_H + 14 - Math.abs(a.at.y - b.at.y);
    const ox = a.half + b.half - Math.abs(a.at.x - b.at.x);
    if (ox <= 0 || oy <= 0)
      return false;
    const side = ox < oy ? "x" : "y", d = (a.at[side] < b.at[side] ? -1 : 1) * Math.min(ox, oy) / 2;
    a.at[side] += d;
    b.at[side] -= d;
    return true;
  };
  for (let round = 0, moved = true; moved && round < 60; round++) {
    moved = false;
    for (let i = 0; i < boxes.length; i++)
      for (let j = i + 1; j < boxes.length; j++)
        moved = push(boxes[i], boxes[j]) || moved;
  }
  return at;
}

// { name: {x, y} }. hub: a node in the middle that joins all.
export function layout(names, edges, aspect, hub) {
  const sorted = [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (!sorted.length)
    return {};
  if (hub && sorted.length <= 12)
    return { ...circle(sorted, sorted.length > 2 ? 420 * Math.min(1.6, aspect) : 480, Math.max(240, sorted.length * 40)), [hub]: { x: 0, y: 0 } };
  if (!edges.length)
    return grid(sorted, aspect);
  const isDense = edges.length > sorted.length * (sorted.length - 1) / 3;
  if (sorted.length <= 8 || (isDense && sorted.length <= 24)) {
    const r = Math.max(300, sorted.length * 62);
    return circle(sorted, r * Math.min(1.8, Math.max(1, aspect)), r);
  }
  return springs(sorted, edges, aspect);
}

// All that is drawn fits: {x, y, w, h}.
export function bounds(at) {
  const names = Object.keys(at);
  if (!names.length)
    return { x: -200, y: -100, w: 400, h: 200 };
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (const name of names) {
    const w = nodeWidth(name) / 2 + 30;
    x0 = Math.min(x0, at[name].x - w); x1 = Math.max(x1, at[name].x + w);
    y0 = Math.min(y0, at[name].y - 60); y1 = Math.max(y1, at[name].y + 60);
  }
  /* A few are not blown up. */
  const w = Math.max(x1 - x0, 900), h = Math.max(y1 - y0, 360);
  return { x: (x0 + x1 - w) / 2, y: (y0 + y1 - h) / 2, w, h };
}

// How far each link bends aside, in the order of edges: those that join the same two switches,
// and those whose middles would lie on one another.
export function bends(edges, at) {
  const cells = new Map();
  const key = e => `${Math.round((at[e.a].x + at[e.b].x) / 50)} ${Math.round((at[e.a].y + at[e.b].y) / 50)}`;
  for (const e of edges)
    cells.set(key(e), [...(cells.get(key(e)) ?? []), e]);
  return edges.map(e => {
    const here = cells.get(key(e));
    return (here.indexOf(e) - (here.length - 1) / 2) * 34;
  });
}

// A link as two halves that meet in its middle: each is one direction.
export function halves(a, b, bend) {
  const dx = b.x - a.x, dy = b.y - a.y, d = Math.hypot(dx, dy) || 1;
  const mx = (a.x + b.x) / 2 - dy / d * bend, my = (a.y + b.y) / 2 + dx / d * bend;
  const along = (from, part) => ({ x: from.x + (mx - from.x) * part, y: from.y + (my - from.y) * part });
  const half = from => {
    const ux = (mx - from.x), uy = (my - from.y), l = Math.hypot(ux, uy) || 1;
    const tip = along(from, 1 - Math.min(0.5, 1 / l)), base = along(from, 1 - Math.min(0.5, 9 / l));
    const nx = -uy / l * 5, ny = ux / l * 5;
    return { line: [from.x, from.y, base.x, base.y], label: along(from, 0.62),
      head: [tip.x, tip.y, base.x + nx, base.y + ny, base.x - nx, base.y - ny] };
  };
  return { fromA: half(a), fromB: half(b), middle: { x: mx, y: my } };
}
