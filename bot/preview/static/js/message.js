// One message, drawn: head, text, embeds, files, components, marks.

import { attachments, embed } from "./embeds.js";
import { components } from "./components.js";
import { avatar, colour, displayName, el, hidden, icon } from "./dom.js";
import { parse, plain } from "./markdown.js";
import { rich } from "./markdown_dom.js";
import { FLAG } from "./store.js";
import { clock, full, heading } from "./time.js";

const GROUP = 7 * 60 * 1000; // messages of one author within this stand under one head

/** Does a message continue the one before it? */
export function continues(message, before) {
  return Boolean(before) && before.author.id === message.author.id && !message.interaction_metadata && !message.referenced_message &&
    (before.flags & FLAG.EPHEMERAL) === (message.flags & FLAG.EPHEMERAL) &&
    Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP;
}

/** What a message says, in one line of plain text. */
export function summary(message) {
  if (message.flags & FLAG.THINKING) return "is thinking…";
  const texts = [message.content, ...(message.embeds ?? []).flatMap((e) => [e.title, e.description]), ...nested(message.components)];
  const said = texts.filter(Boolean).map((text) => plain(parse(text))).join(" · ");
  return (said || message.attachments?.map((a) => a.description || a.filename).join(", ") || "a message").slice(0, 240);
}

function nested(nodes) {
  return (nodes ?? []).flatMap((n) => [n.type === 10 ? n.content : null, ...nested(n.components)]);
}

/** `ctx`: {store, interactions, onMenu(event, message), onDismiss(message), grouped}. */
export function drawMessage(message, ctx) {
  const { store } = ctx;
  const mine = Boolean(message.flags & FLAG.EPHEMERAL);
  const pinged = message.author.id !== store.person && (message.mentions?.some((u) => u.id === store.person) ||
    message.mention_roles?.some((r) => store.member(store.person)?.roles.includes(r)));
  const shown = el("article", {
    class: ["message", ctx.grouped && "grouped", mine && "ephemeral", pinged && "pinged"].filter(Boolean).join(" "),
    tabindex: "-1", data: { id: message.id }, "aria-label": `${displayName(message.author)}, ${heading(new Date(message.timestamp))}`,
  });
  const failure = el("p", { class: "failure", role: "alert", hidden: true });
  const inner = { ...ctx, message, fail: (text) => {
    failure.replaceChildren(...(text ? [icon("alert", 16), ` ${text}`] : []));
    failure.hidden = !text;
  } };
  shown.append(...lead(message, ctx), gutter(message, ctx), el("div", { class: "message-main" },
    !ctx.grouped && head(message, store), body(message, inner), failure, foot(message, ctx)));
  shown.append(el("div", { class: "message-tools" }, el("button", {
    type: "button", class: "icon-button", "aria-label": "Message actions", "aria-haspopup": "menu",
    on: { click: (event) => ctx.onMenu(event, message, event.currentTarget) } }, icon("more", 20))));
  shown.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, input, .select-box") || String(getSelection())) return;
    event.preventDefault();
    ctx.onMenu(event, message, null);
  });
  return shown;
}

/** The line above: whose command this answers, or which message is replied to. */
function lead(message, { store, interactions }) {
  const used = message.interaction_metadata;
  const named = message.interaction?.name ?? used?.name;
  if (used && used.type === 2)
    return [el("div", { class: "lead" }, icon("reply", 16), avatar(used.user, 16), el("b", { text: store.userName(used.user.id) }), " used ",
      el("span", { class: "lead-command", text: interactions.labelOf(used.id) ?? (used.target_message_id || !named ? named || "a menu command" : `/${named}`) }))];
  const replied = message.referenced_message;
  if (replied) return [el("div", { class: "lead" }, icon("reply", 16), avatar(replied.author, 16), el("b", { text: store.userName(replied.author.id) }), " ",
    el("span", { class: "lead-text", text: summary(replied) }))];
  return [];
}

function gutter(message, ctx) {
  const date = new Date(message.timestamp);
  return ctx.grouped ? el("time", { class: "gutter-time", datetime: message.timestamp, title: full(date), text: clock(date) })
    : avatar(message.author, 40);
}

function head(message, store) {
  const date = new Date(message.timestamp);
  const tint = store.nameColour(message.author.id);
  return el("header", { class: "message-head" },
    el("span", { class: "author", vars: tint ? { "--tint": colour(tint) } : {}, text: displayName(message.author, store.member(message.author.id)) }),
    message.author.bot && el("span", { class: "app-tag", text: "APP" }),
    el("time", { datetime: message.timestamp, title: full(date), text: heading(date) }));
}

function body(message, ctx) {
  const places = ctx.store.places;
  if (message.flags & FLAG.THINKING)
    return el("p", { class: "thinking" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
      ` ${displayName(message.author)} is thinking…`);
  const edited = message.edited_timestamp && !message.content ? edit(message) : null;
  return el("div", { class: "message-body" },
    message.content && el("div", { class: "message-text md" }, rich(message.content, places, { links: Boolean(message.author.bot) }),
      message.edited_timestamp && edit(message)),
    (message.embeds ?? []).map((one) => embed(one, places)),
    attachments(message.flags & FLAG.V2 ? [] : loose(message)),
    components(message.components, ctx), edited, reactions(message), thread(message, ctx));
}

/** Attachments that no embed shows already. */
function loose(message) {
  const shown = new Set((message.embeds ?? []).flatMap((e) => [e.image?.url, e.thumbnail?.url]));
  return (message.attachments ?? []).filter((a) => !shown.has(a.url));
}

function edit(message) {
  return el("span", { class: "edited", title: full(new Date(message.edited_timestamp)), text: " (edited)" });
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return el("div", { class: "reactions" }, message.reactions.map((r) =>
    el("span", { class: "reaction" }, r.emoji.name, " ", el("b", { text: String(r.count) }))));
}

function thread(message, { store }) {
  const found = store.channelById(message.thread?.id ?? message.id);
  if (!found || ![10, 11, 12].includes(found.type) || found.id === store.channelId) return null;
  return el("button", { type: "button", class: "thread-card", data: { channel: found.id } }, icon("thread", 18), el("b", { text: found.name }),
    el("span", { text: `${found.message_count ?? 0} messages` }), icon("right", 16));
}

function foot(message, ctx) {
  if (message.flags & FLAG.PUBLISHED) return el("p", { class: "note" }, icon("announce", 14), " Published to followers");
  if (!(message.flags & FLAG.EPHEMERAL)) return null;
  return el("p", { class: "note" }, icon("eye", 14), " Only you can see this · ",
    el("button", { type: "button", class: "text-button", on: { click: () => ctx.onDismiss(message) } }, "Dismiss", hidden(" this message")));
}
