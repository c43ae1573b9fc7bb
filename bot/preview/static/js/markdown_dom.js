// Draws the tree of js/markdown.js. Every text goes in as a text node; links open elsewhere and carry no referrer.

import { channelIcon, colour, displayName, el, webAddress } from "./dom.js";
import { parse, parseInline } from "./markdown.js";
import { full, stamp } from "./time.js";

const PLAIN_TAGS = { bold: "strong", italic: "em", underline: "u", strike: "s", quote: "blockquote", lines: "span" };

/** A text with blocks as a document fragment. `places` finds users, roles and channels (see js/store.js). */
export function rich(text, places, options) {
  return draw(parse(String(text ?? ""), options), places);
}

/** One line of text (an embed's title, a field's name). */
export function line(text, places, options) {
  return draw(parseInline(String(text ?? ""), options), places);
}

function draw(nodes, places) {
  const made = document.createDocumentFragment();
  for (const node of nodes) made.append(one(node, places));
  return made;
}

function one(node, places) {
  const inner = () => draw(node.children, places);
  if (PLAIN_TAGS[node.type]) return el(PLAIN_TAGS[node.type], { class: node.type === "lines" ? "lines" : null }, inner());
  switch (node.type) {
    case "text": return document.createTextNode(node.text);
    case "break": return el("br");
    case "code": return el("code", { text: node.text });
    case "fence": return el("pre", { tabindex: "0" }, el("code", { text: node.text }));
    case "heading": return el("div", { class: `md-h${node.level}`, role: "heading", "aria-level": String(node.level + 3) }, inner());
    case "subtext": return el("div", { class: "md-sub" }, inner());
    case "list": return list(node, places);
    case "spoiler": return spoiler(inner());
    case "link": return link(node.url, inner(), node.url);
    case "url": return link(node.url, node.url);
    case "time": return time(node);
    case "user": return mention(`@${places.userName(node.id)}`, { user: node.id });
    case "role": return role(places.role(node.id));
    case "everyone": return mention(node.text);
    case "channel": return channel(places.channel(node.id));
    case "command": return el("button", { type: "button", class: "mention", data: { command: node.text } }, `/${places.command(node.text)}`);
    default: return document.createTextNode("");
  }
}

function list(node, places) {
  const items = node.items.map((item) => el("li", {}, draw(item, places)));
  return el(node.ordered ? "ol" : "ul", { class: "md-list", start: node.ordered && node.start !== 1 ? node.start : null }, items);
}

function spoiler(inner) {
  const content = el("span", { class: "spoiler-text", "aria-hidden": "true" }, inner);
  const shown = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, press to show" }, content);
  const reveal = (event) => {
    if (shown.classList.contains("open") || (event.type === "keydown" && !["Enter", " "].includes(event.key))) return;
    event.preventDefault();
    shown.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label"]) shown.removeAttribute(name);
    content.removeAttribute("aria-hidden");
  };
  shown.addEventListener("click", reveal);
  shown.addEventListener("keydown", reveal);
  return shown;
}

export function link(url, inner, title) {
  const href = webAddress(url);
  if (!href) return el("span", {}, inner);
  return el("a", { href, title, target: "_blank", rel: "noopener noreferrer nofollow" }, inner);
}

function time(node) {
  const date = new Date(node.seconds * 1000);
  if (Number.isNaN(date.getTime())) return document.createTextNode("Invalid date");
  return el("time", { class: "stamp", datetime: date.toISOString(), title: full(date),
    "data-relative": node.style === "R" }, stamp(date, node.style));
}

function mention(text, data = {}) {
  return el("span", { class: "mention", data }, text);
}

function role(found) {
  const shown = mention(found ? `@${found.name}` : "@unknown-role");
  if (found?.color) shown.style.setProperty("--role", colour(found.color));
  return shown;
}

function channel(found) {
  if (!found) return mention("# unknown");
  return el("button", { type: "button", class: "mention channel-mention", data: { channel: found.id } },
    channelIcon(found.type, 14), found.name ?? displayName(found.recipients?.[0] ?? { username: "DM" }));
}
