// Discord's Markdown, read into a plain tree. Knows nothing of the page: js/markdown_dom.js draws the tree.
//
// Nodes: {type, children} for bold, italic, underline, strike, spoiler, heading (level), subtext, quote, list (ordered,
// start, items: [[…]]), link (url); {type: "text" | "code" | "fence" | "url", …}; mentions and times by their ids.

const ESCAPABLE = /[^0-9A-Za-z\s]/;
const PLAIN = /[^\\*_~|`<[@h:\n]+/y;
const WORD = /[0-9A-Za-z_]/;
const ADDRESS = /https?:\/\/[^\s<]+/y;
const ANGLE = /<(https?:\/\/[^\s>]+)>/y;
const TAG = /<(?:@!?(?<user>\d{15,20})|@&(?<role>\d{15,20})|#(?<channel>\d{15,20})|\/(?<command>[^:>]+):(?<commandId>\d{15,20})|t:(?<time>-?\d{1,13})(?::(?<style>[tTdDfFRsS]))?|a?:(?<emoji>\w{2,32}):\d{15,20})>/y;
const EVERYONE = /@(?:everyone|here)\b/y;
const MARKS = [["**", "bold"], ["__", "underline"], ["~~", "strike"], ["||", "spoiler"]];
const DEPTH = 12; // nesting beyond this is shown as text

/** The tree of a text with blocks (content, descriptions, field values, text displays). `links`: masked links too. */
export function parse(text, { links = true } = {}) {
  const nodes = [];
  let at = 0;
  for (const [from, to, fence] of fences(text)) {
    nodes.push(...blocks(trimFor(text.slice(at, from), nodes.length > 0, true), links, 0));
    nodes.push(fence);
    at = to;
  }
  nodes.push(...blocks(trimFor(text.slice(at), at > 0, false), links, 0));
  return nodes;
}

/** The tree of one line: titles and field names. */
export function parseInline(text, { links = false } = {}) {
  return inline(text, links, 0);
}

/** All text of a tree, for announcements and labels. */
export function plain(nodes) {
  return nodes.map((node) => {
    if (node.items) return node.items.map(plain).join(" ");
    if (node.children) return node.type === "spoiler" ? "(spoiler)" : plain(node.children);
    return node.text ?? node.url ?? "";
  }).join("");
}

// A code block swallows the line break on either side of it.
function trimFor(text, after, before) {
  if (after) text = text.replace(/^\n/, "");
  return before ? text.replace(/\n$/, "") : text;
}

function* fences(text) {
  let at = 0;
  while ((at = text.indexOf("```", at)) !== -1) {
    if (escaped(text, at)) { at += 1; continue; }
    const end = text.indexOf("```", at + 3);
    if (end === -1) return;
    const inner = text.slice(at + 3, end);
    if (!inner.trim()) { at = end + 3; continue; }
    const named = /^([\w+.#-]+)\n/.exec(inner);
    const code = (named ? inner.slice(named[0].length) : inner).replace(/^\n+|\n+$/g, "");
    yield [at, end + 3, { type: "fence", language: named?.[1] ?? "", text: code }];
    at = end + 3;
  }
}

function escaped(text, at) {
  let slashes = 0;
  while (at - slashes > 0 && text[at - slashes - 1] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function blocks(text, links, depth) {
  if (!text) return [];
  const nodes = [];
  const lines = text.split("\n");
  let run = [];
  const flush = () => {
    if (run.length) nodes.push({ type: "lines", children: inline(run.join("\n"), links, depth) });
    run = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const heading = /^(#{1,3})\s+(\S.*)$/.exec(line);
    const subtext = /^-#\s+(\S.*)$/.exec(line);
    if (heading || subtext) {
      flush();
      const children = inline((heading ? heading[2] : subtext[1]).trim(), links, depth);
      nodes.push(heading ? { type: "heading", level: heading[1].length, children } : { type: "subtext", children });
    } else if (depth < DEPTH && /^>>>\s/.test(line)) {
      flush();
      const rest = [line.slice(4), ...lines.slice(i + 1)].join("\n");
      nodes.push({ type: "quote", children: blocks(rest, links, depth + 1) });
      return nodes;
    } else if (depth < DEPTH && /^>\s/.test(line)) {
      flush();
      const quoted = [];
      while (i < lines.length && /^>\s/.test(lines[i])) quoted.push(lines[i++].slice(2));
      i -= 1;
      nodes.push({ type: "quote", children: blocks(quoted.join("\n"), links, depth + 1) });
    } else if (BULLET.test(line)) {
      flush();
      const [list, next] = readList(lines, i, links, depth);
      nodes.push(list);
      i = next - 1;
    } else run.push(line);
  }
  flush();
  return nodes;
}

const BULLET = /^( *)(?:([-*])|(\d{1,9})\.)\s+(?=\S)/;

/** A list beginning at lines[from]; deeper indented lines belong to the item above. Returns [node, next line]. */
function readList(lines, from, links, depth) {
  const first = BULLET.exec(lines[from]);
  const list = { type: "list", ordered: Boolean(first[3]), start: Number(first[3] || 1), items: [] };
  let i = from;
  while (i < lines.length) {
    const found = BULLET.exec(lines[i]);
    if (!found || found[1].length < first[1].length) break;
    if (found[1].length > first[1].length && list.items.length && depth < DEPTH) {
      const [inner, next] = readList(lines, i, links, depth + 1);
      list.items.at(-1).push(inner);
      i = next;
      continue;
    }
    if (Boolean(found[3]) !== list.ordered) break;
    list.items.push(inline(lines[i].slice(found[0].length), links, depth + 1));
    i += 1;
  }
  return [list, i];
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function inline(text, links, depth) {
  const nodes = [];
  let buffer = "";
  const push = (node) => {
    if (buffer) nodes.push({ type: "text", text: buffer });
    buffer = "";
    nodes.push(node);
  };
  for (let at = 0; at < text.length;) {
    const run = match(PLAIN, text, at);
    if (run) { buffer += run[0]; at += run[0].length; continue; }
    const found = special(text, at, links, depth);
    if (found?.literal) buffer += found.literal;
    else if (found) push(found.node);
    else buffer += text[at];
    at += found ? found.length : 1;
  }
  if (buffer) nodes.push({ type: "text", text: buffer });
  return nodes;
}

/** What begins at `at`, if anything: {node | literal, length}. */
function special(text, at, links, depth) {
  const char = text[at];
  if (char === "\\") return at + 1 < text.length && ESCAPABLE.test(text[at + 1]) ? { literal: text[at + 1], length: 2 } : null;
  if (char === "\n") return { node: { type: "break" }, length: 1 };
  if (char === "`") return code(text, at);
  if (char === "<") return angle(text, at);
  if (char === "h") return address(text, at);
  if (char === "@") {
    const found = match(EVERYONE, text, at);
    return found && { node: { type: "everyone", text: found[0] }, length: found[0].length };
  }
  if (depth >= DEPTH) return null;
  if (char === "[" && links) return masked(text, at, depth);
  for (const [mark, type] of MARKS) {
    if (!text.startsWith(mark, at)) continue;
    const end = closing(text, at + 2, mark);
    if (end > at + 2) return { node: { type, children: inline(text.slice(at + 2, end), links, depth + 1) }, length: end + 2 - at };
  }
  return char === "*" || char === "_" ? italic(text, at, char, links, depth) : null;
}

/** Where a two-character mark closes: not escaped, and as late as possible in a run of the same character. */
function closing(text, from, mark) {
  for (let i = from; i < text.length - 1; i++) {
    if (text[i] === "\\") { i += 1; continue; }
    if (text.startsWith(mark, i) && i > from && (mark === "||" || mark === "~~" || text[i + 2] !== mark[0])) return i;
  }
  return -1;
}

function italic(text, at, char, links, depth) {
  const before = text[at - 1] ?? "";
  if (char === "_" && WORD.test(before)) return null;
  if (char === "*" && /\s|^$/.test(text[at + 1] ?? "")) return null;
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") { i += 1; continue; }
    if (text[i] !== char) continue;
    if (text[i + 1] === char) { i += 1; continue; } // a pair belongs to bold or underline
    if (char === "*" ? /\s/.test(text[i - 1]) : WORD.test(text[i + 1] ?? "")) continue;
    if (i === at + 1) return null;
    return { node: { type: "italic", children: inline(text.slice(at + 1, i), links, depth + 1) }, length: i + 1 - at };
  }
  return null;
}

function code(text, at) {
  const ticks = /`+/y;
  const open = match(ticks, text, at)[0];
  for (let i = at + open.length; i < text.length;) {
    const next = text.indexOf("`", i);
    if (next === -1) break;
    const close = match(ticks, text, next)[0];
    if (close.length === open.length) {
      const inner = text.slice(at + open.length, next);
      const trimmed = open.length > 1 ? inner.replace(/^ (?=`)|(?<=`) $/g, "") : inner;
      return inner.trim() ? { node: { type: "code", text: trimmed }, length: next + close.length - at } : null;
    }
    i = next + close.length;
  }
  return { literal: open, length: open.length };
}

function angle(text, at) {
  const link = match(ANGLE, text, at);
  if (link) return { node: { type: "url", url: link[1] }, length: link[0].length };
  const found = match(TAG, text, at);
  if (!found) return null;
  const g = found.groups;
  const length = found[0].length;
  if (g.user) return { node: { type: "user", id: g.user }, length };
  if (g.role) return { node: { type: "role", id: g.role }, length };
  if (g.channel) return { node: { type: "channel", id: g.channel }, length };
  if (g.command) return { node: { type: "command", text: g.command, id: g.commandId }, length };
  if (g.emoji) return { node: { type: "text", text: `:${g.emoji}:` }, length };
  return { node: { type: "time", seconds: Number(g.time), style: g.style || "f" }, length };
}

function address(text, at) {
  if (WORD.test(text[at - 1] ?? "")) return null;
  const found = match(ADDRESS, text, at);
  if (!found) return null;
  let url = found[0].replace(/[.,:;"'\]]+$/, "");
  while (url.endsWith(")") && count(url, ")") > count(url, "(")) url = url.slice(0, -1);
  const marked = /\*\*|\|\||~~/.exec(url); // a closing mark ends the address
  if (marked) url = url.slice(0, marked.index);
  return url.length > 8 ? { node: { type: "url", url }, length: url.length } : null;
}

const count = (text, char) => text.split(char).length - 1;

/** [text](url "title") and [text](<url>); only web addresses become links. */
function masked(text, at, depth) {
  let open = 0;
  let end = -1;
  for (let i = at; i < text.length; i++) {
    if (text[i] === "\\") { i += 1; continue; }
    if (text[i] === "[") open += 1;
    else if (text[i] === "]" && --open === 0) { end = i; break; }
  }
  if (end === -1 || text[end + 1] !== "(") return null;
  const target = /\(\s*(?:<([^<>\s]+)>|((?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))+))(?:\s+["'][^"'\n]*["'])?\s*\)/y;
  const found = match(target, text, end + 1);
  const url = found && (found[1] ?? found[2].replace(/\\([^0-9A-Za-z\s])/g, "$1"));
  const label = text.slice(at + 1, end);
  if (!url || !/^https?:\/\/[^\s]+$/i.test(url) || !label.trim()) return null;
  return { node: { type: "link", url, children: inline(label, false, depth + 1) }, length: end + 1 + found[0].length - at };
}
