// SPDX-License-Identifier: Apache-2.0
// An answer of /v1/explain in the words of `weft explain`: lines with a depth and a tone. Pure.

const has = value => value !== null && value !== undefined && value !== "";
const reachable = d => d && d.verdict === "reachable";

function endText(end) {
  const words = [];
  if (end.switch && end.port)
    words.push(`${end.switch}:${end.port}`);
  if (has(end.tag))
    words.push(`tag ${end.tag}`);
  if (end.vtep)
    words.push(`behind VTEP ${end.vtep}`);
  if (end.network)
    words.push(`network ${end.network}`);
  for (const word of [end.ip, end.ip6, end.mac])
    if (word)
      words.push(word);
  return words.join(", ") || "not known";
}

const states = {
  want: "not on the switch yet", going: "on its way out", changing: "being changed", refused: "refused by the switch",
  blocked: "a row of others is in its place", missing: "and the switch does not have it: another hand took it away, weftd will put it back",
};

function stepText(step, file) {
  let line = step.text;
  if (has(step.line))
    line += ` (${file}:${step.line})`;
  if (step.state && has(step.packets))
    line += `, ${step.packets} packet${step.packets === 1 ? "" : "s"}${step.live ? "" : " at the last reading"}`;
  if (step.state && step.state !== "have")
    line += `, ${states[step.state] ?? step.state}`;
  return line + (step.last ? "  \u2190 ends here" : "");
}

function legLines(leg, file, protocol) {
  const passes = leg.verdict === "passes";
  if (passes && leg.name !== "request" && leg.name !== "reply" && leg.name !== protocol)
    return [];
  const isAnswer = leg.name === "reply" && leg.steps.some(s => (s.row ?? "").endsWith("-reply"));
  const lines = [{ depth: 1, tone: passes ? "" : "error",
    text: `${leg.name}, ${leg.frame}: ${!passes ? "does not pass" : isAnswer ? "passes, as the answer to what was allowed" : "passes"}` }];
  if (passes && leg.name === "reply")
    return lines;
  for (const step of leg.steps.filter(s => s.shown))
    lines.push({ depth: 2, tone: step.last ? "error" : "", where: step.switch, text: stepText(step, file) });
  return lines;
}

function causeLines(causes, depth, before) {
  return causes.flatMap(c => [{ depth, tone: "error", text: before + c.text }, { depth: depth + 1, tone: "cure", text: `\u2192 ${c.cure}` }]);
}

function directionLines(d, file, protocol) {
  return [{ depth: 0, tone: "head", text: `${d.from} begins, ${d.to} answers: ${reachable(d) ? "REACHABLE" : "BLOCKED"}` },
    ...causeLines(d.causes, 1, ""), ...d.legs.flatMap(leg => legLines(leg, file, protocol))];
}

function headText(answer, there, back, isOne) {
  const a = answer.directions[0].from, b = answer.to.asked;
  const word = there && (back || isOne) ? "REACHABLE" : "BLOCKED";
  if (isOne)
    return `${word}: ${answer.protocol} from ${a} to ${b}`;
  if (there !== back)
    return `${word} one way: ${answer.protocol} from ${there ? b : a} to ${there ? a : b}; from ${there ? a : b} to ${there ? b : a} it passes`;
  return `${word}${there ? " both ways" : ""}: ${a} and ${b}, ${answer.protocol}`;
}

// asked: the protocol as it was asked for, or "".
export function explain(answer, asked) {
  const [first, second] = answer.directions, isOne = answer.directions.length === 1;
  const there = reachable(first), back = reachable(second);
  const lines = [
    { depth: 0, tone: there && (back || isOne) ? "verdict good" : "verdict error", text: headText(answer, there, back, isOne) },
    { depth: 1, tone: "", where: answer.from.asked, text: endText(answer.from) },
    { depth: 1, tone: "", where: answer.to.asked, text: endText(answer.to) },
  ];
  const alike = !isOne && first.causes.length && !first.legs.length && !second.legs.length && JSON.stringify(first.causes) === JSON.stringify(second.causes);
  if (alike)
    lines.push(...causeLines(first.causes, 1, ""));
  else
    for (const d of answer.directions)
      lines.push(...directionLines(d, answer.file, asked));
  lines.push(...causeLines(answer.notes || [], 0, "note: ").map(l => l.tone === "error" ? { ...l, tone: "warning" } : l));
  return lines;
}
