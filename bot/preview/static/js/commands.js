// Commands as a person types them: flat names, filtering, the shape an interaction has. Pure; draws nothing.

import { localised } from "./interactions.js";

export const KIND = { SUB: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, FILE: 11 };

/** Every usable command: {command, path: [names], name, label, description, options}. */
export function flatten(commands) {
  return commands.filter((c) => c.type === 1).flatMap((command) => walk(command, command, [], localised(command, "name")))
    .sort((a, b) => a.label.localeCompare(b.label));
}

function walk(command, node, path, label) {
  const inner = (node.options ?? []).filter((o) => o.type === KIND.SUB || o.type === KIND.GROUP);
  if (inner.length) return inner.flatMap((o) => walk(command, o, [...path, o.name], `${label} ${localised(o, "name")}`));
  return [{ command, path, name: [command.name, ...path].join(" "), label, description: localised(node, "description"), options: node.options ?? [] }];
}

/** Those that fit what stands after the slash, best first. */
export function matching(flat, typed) {
  const wanted = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (c) => {
    const names = [c.label.toLowerCase(), c.name];
    if (names.some((n) => n.startsWith(wanted.join(" ")))) return 0;
    if (names.some((n) => wanted.every((w) => n.split(" ").some((part) => part.startsWith(w))))) return 1;
    if (names.some((n) => wanted.every((w) => n.includes(w)))) return 2;
    return wanted.every((w) => c.description.toLowerCase().includes(w)) ? 3 : 9;
  };
  return flat.map((c) => [rank(c), c]).filter(([r]) => r < 9).sort((a, b) => a[0] - b[0]).map(([, c]) => c);
}

/** A command typed out in full, with what follows it: "/mineral info lithium" → {found, rest: "lithium"}. */
export function typedOut(flat, text) {
  const after = text.replace(/^\//, "").replace(/\s+/g, " ");
  const named = (c) => [c.name, c.label.toLowerCase()].find((n) => after.toLowerCase().startsWith(`${n} `));
  const found = flat.filter(named).sort((a, b) => b.name.length - a.name.length)[0];
  return found ? { found, rest: after.slice(named(found).length + 1) } : null;
}

/** What follows a command, as values by option name: "query:gold mode:daily", or all of it for the first option. */
export function readRest(options, rest) {
  const values = {};
  const names = options.map((o) => o.name).join("|");
  const parts = names ? [...rest.matchAll(new RegExp(`(?:^|\\s)(${names}):`, "g"))] : [];
  parts.forEach((part, i) => {
    values[part[1]] = rest.slice(part.index + part[0].length, parts[i + 1]?.index).trim();
  });
  const lead = rest.slice(0, parts[0]?.index ?? rest.length).trim();
  if (lead && options[0] && !(options[0].name in values)) values[options[0].name] = lead;
  return values;
}

/** An option's own name at the beginning of what is typed into its field ("query:gold" in *query*) is no part of the value. */
export function withoutOwnName(option, text) {
  return text.replace(new RegExp(`^\\s*(?:${spellings([option])}):\\s*`, "iu"), "");
}

/**
 * Where a typed text goes on to another option: "gold condition:above" → {before: "gold", option: condition, after: "above"}, or null.
 * Only whole words outside quotes that name one of `options` count; "mineral:copper" stays in a query.
 */
export function namesAnother(options, text) {
  if (!options.length) return null;
  for (const part of text.matchAll(new RegExp(`(?:^|\\s)(${spellings(options)}):`, "giu"))) {
    const before = text.slice(0, part.index);
    if ((before.split('"').length - 1) % 2) continue;
    const name = part[1].toLowerCase();
    const option = options.find((o) => names(o).includes(name));
    return { before: before.trim(), option, after: text.slice(part.index + part[0].length).trimStart() };
  }
  return null;
}

const names = (option) => [option.name, localised(option, "name").toLowerCase()];
const spellings = (options) => options.flatMap(names).join("|"); // letters, digits, - and _: nothing a pattern minds

/** The data of a slash command (or, with `focused`, of an autocomplete). values: {option name: value}. */
export function interactionData(entry, values, focused = null) {
  let options = entry.options.filter((o) => values[o.name] !== undefined || o.name === focused).map((o) => ({
    type: o.type, name: o.name, value: values[o.name] ?? "", ...(o.name === focused ? { focused: true } : {}) }));
  let node = entry.command;
  const steps = entry.path.map((name) => (node = node.options.find((o) => o.name === name)));
  for (const step of steps.reverse()) options = [{ type: step.type, name: step.name, options }];
  return { id: entry.command.id, name: entry.command.name, type: 1, options };
}

/** The value a typed text stands for, or why it stands for none: {value} or {problem}. */
export function readValue(option, text) {
  if (option.type === KIND.INTEGER || option.type === KIND.NUMBER) {
    const number = Number(text.trim().replace(",", "."));
    if (text.trim() === "" || !Number.isFinite(number)) return { problem: "This needs a number" };
    if (option.type === KIND.INTEGER && !Number.isInteger(number)) return { problem: "This needs a whole number" };
    if (option.min_value !== undefined && option.min_value !== null && number < option.min_value) return { problem: `At least ${option.min_value}` };
    if (option.max_value !== undefined && option.max_value !== null && number > option.max_value) return { problem: `At most ${option.max_value}` };
    return { value: number };
  }
  if (option.type === KIND.STRING) {
    if (option.max_length && text.length > option.max_length) return { problem: `At most ${option.max_length} characters` };
    if (option.min_length && text.length < option.min_length) return { problem: `At least ${option.min_length} characters` };
    return { value: text };
  }
  return { problem: "Choose one from the list" };
}

/** Must the value be one of a list? */
export const fromList = (option) => Boolean(option.choices?.length) ||
  [KIND.BOOLEAN, KIND.USER, KIND.CHANNEL, KIND.ROLE, KIND.MENTIONABLE].includes(option.type);
