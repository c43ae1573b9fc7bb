// The room: its head, its messages, and what happens to them live.

import { post } from "./api.js";
import { channelIcon, channelKind, displayName, el, icon, toast } from "./dom.js";
import { forum } from "./forum.js";
import { localised } from "./interactions.js";
import { openMenu } from "./menu.js";
import { continues, drawMessage, summary } from "./message.js";
import { Present } from "./present.js";
import { FLAG, newer } from "./store.js";
import { day, dayKey } from "./time.js";

export class Room {
  #store;
  #interactions;
  #box = document.getElementById("messages");
  #head = document.getElementById("room-head");
  #live = document.getElementById("live");
  #list = null;
  #since = "0"; // where "new" began when the room was entered
  #low = true; // is the reader at the end? Then pictures that load late must not push the end away
  #present = new Present(document.getElementById("composer"), () => { this.toEnd(); document.querySelector("#composer textarea")?.focus(); });
  #grown = new ResizeObserver(() => this.#low && this.toEnd());

  constructor(store, interactions, { onDrawer }) {
    this.#store = store;
    this.#interactions = interactions;
    this.onDrawer = onDrawer;
    store.on("room", () => this.#enter());
    store.on("frame", () => this.#drawHead());
    store.on("messages", (change) => this.#messages(change));
    store.on("typing", (d) => this.#typing(d));
    this.#box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => this.#scrolled());
  }

  // -- entering ---------------------------------------------------------------------------------------------------

  #enter() {
    const channel = this.#store.channel;
    this.#drawHead();
    this.#since = channel ? this.#store.lastRead(channel.id) : "0";
    this.#list = null;
    this.#present.show({ low: true, far: false });
    this.#box.replaceChildren(el("p", { class: "loading", text: channel ? "Reading messages…" : "Choose a channel on the left." }));
    this.#grown.disconnect();
    if (channel?.type === 15) this.#drawForum();
    this.#box.scrollTop = 0; // a forum begins with its newest post; a room goes to its end once it is read
  }

  #drawHead() {
    const channel = this.#store.channel;
    const name = channel ? roomName(channel) : "Headframe";
    document.title = channel ? `${channel.type === 1 ? "@" : "#"}${name} · Headframe preview` : "Headframe preview";
    this.#head.replaceChildren(
      iconButton("menu", "Channels and servers", "drawer-left", () => this.onDrawer("left")),
      el("h1", {}, channel && channelIcon(channel.type, 22), el("span", { text: name })),
      channel?.topic ? el("p", { class: "topic", title: channel.topic, text: channel.topic }) : el("p", { class: "topic" }),
      iconButton(document.documentElement.dataset.theme === "light" ? "moon" : "sun", "Light or dark", "theme", () => this.onTheme()),
      iconButton("bolt", "Make it happen", "open-controls", () => this.onDrawer("right", "controls")),
      iconButton("people", "Members", "open-members", () => this.onDrawer("right", "members")));
    if (channel?.type === 15) this.#drawForum();
  }

  onTheme = () => {};
  redrawHead() { this.#drawHead(); }

  #drawForum() {
    this.#box.replaceChildren(forum(this.#store, this.#store.channel));
  }

  // -- messages ---------------------------------------------------------------------------------------------------

  #messages({ channelId, kind, message, id }) {
    if (kind === "new" && message.author.id !== this.#store.person) this.#announce(message, channelId);
    if (channelId !== this.#store.channelId || this.#store.channel?.type === 15) return;
    const low = this.#atEnd();
    if (kind === "new" && low && !document.hidden) this.#since = message.id; // seen as it comes
    if (kind === "all" || !this.#list) this.#drawAll();
    else if (kind === "older") this.#drawOlder();
    else if (kind === "new") this.#append(message);
    else if (kind === "changed") this.#redraw(message);
    else this.#remove(id);
    const answer = kind === "new" && Boolean(message.flags & FLAG.EPHEMERAL); // asked for by this very reader: it is shown
    if (kind === "all" || answer || (low && kind !== "older")) this.toEnd();
    else if (kind === "new") this.#present.came();
    this.#scrolled();
    this.#rove();
  }

  #drawAll() {
    const { list, complete } = this.#store.messages();
    const channel = this.#store.channel;
    this.#list = el("ol", { class: "message-list", "aria-label": `Messages in ${roomName(channel)}` });
    this.#box.replaceChildren(el("div", { class: "push" }), ...(complete ? [welcome(channel)] : []), this.#list);
    this.#grown.disconnect();
    this.#grown.observe(this.#list);
    list.forEach((message, i) => this.#list.append(...this.#rows(message, list[i - 1])));
  }

  #drawOlder() {
    const before = this.#box.scrollHeight - this.#box.scrollTop;
    this.#drawAll();
    this.#box.scrollTop = this.#box.scrollHeight - before;
  }

  /** The message's row, and the lines that go before it: a new day, where the unread ones begin. */
  #rows(message, before) {
    const rows = [];
    const date = new Date(message.timestamp);
    const otherDay = !before || dayKey(new Date(before.timestamp)) !== dayKey(date);
    if (otherDay) rows.push(el("li", { class: "divider" }, el("span", { text: day(date) })));
    const fresh = newer(message.id, this.#since) && message.author.id !== this.#store.person && this.#since !== "0";
    if (fresh && before && !newer(before.id, this.#since))
      rows.push(el("li", { class: "divider new" }, el("span", { text: "New" })));
    rows.push(el("li", {}, this.#draw(message, rows.length === 0 && continues(message, before))));
    return rows;
  }

  #draw(message, grouped) {
    return drawMessage(message, {
      store: this.#store, interactions: this.#interactions, grouped,
      onMenu: (event, about, anchor) => this.#menu(event, about, anchor),
      onDismiss: (about) => this.#dismiss(about),
    });
  }

  #append(message) {
    const { list } = this.#store.messages();
    this.#list.append(...this.#rows(message, list[list.findIndex((m) => m.id === message.id) - 1]));
    while (this.#list.childElementCount > 500) this.#list.firstElementChild.remove();
  }

  #find(id) { return this.#list?.querySelector(`.message[data-id="${CSS.escape(id)}"]`); }

  #redraw(message) {
    const old = this.#find(message.id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const fresh = this.#draw(message, old.classList.contains("grouped"));
    old.replaceWith(fresh);
    if (!focused) return;
    const same = focused.dataset.customId && fresh.querySelector(`[data-custom-id="${CSS.escape(focused.dataset.customId)}"]:not(:disabled)`);
    (same || fresh).focus({ preventScroll: true });
  }

  #remove(id) {
    const old = this.#find(id);
    if (!old) return;
    const focused = old.contains(document.activeElement);
    old.closest("li").remove();
    if (focused) document.querySelector("#composer textarea")?.focus();
  }

  async #dismiss(message) {
    await post("/local/messages/dismiss", { as: this.#store.person, message_id: message.id }).catch((why) => toast(why.message, "bad"));
  }

  // -- while a command is on its way ------------------------------------------------------------------------------

  /** A row at the end that says a command is being sent; returns done(failure?) to take it away or turn it red. */
  pending(label) {
    const row = el("li", { class: "pending" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), ` Sending ${label}…`);
    this.#list?.append(row);
    this.toEnd();
    return (failure) => {
      row.remove();
      if (!failure || !this.#list) return;
      const red = el("li", { class: "failed", role: "alert" }, el("p", { class: "failed-command", text: label }),
        el("p", { class: "failure" }, icon("alert", 16), ` ${failure} `,
          el("button", { type: "button", class: "text-button", text: "Dismiss", on: { click: () => red.remove() } })));
      this.#list.append(red);
      this.toEnd();
    };
  }

  #typing({ channel_id: channelId, user_id: userId }) {
    if (channelId !== this.#store.channelId || userId === this.#store.person) return;
    const line = document.getElementById("typing");
    if (!line) return;
    line.textContent = `${this.#store.userName(userId)} is typing…`;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => { line.textContent = ""; }, 8000);
  }

  // -- reading ----------------------------------------------------------------------------------------------------

  #atEnd() { return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < 120; }
  toEnd() {
    this.#low = true;
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  #scrolled() {
    const { channelId } = this.#store;
    if (!channelId || !this.#list) return;
    this.#low = this.#atEnd();
    this.#present.show({ low: this.#low, far: this.#box.scrollHeight - this.#box.scrollTop > 3 * this.#box.clientHeight });
    if (this.#low && !document.hidden) this.#store.markRead(channelId);
    if (this.#box.scrollTop < 200) this.#store.loadOlder(channelId);
  }

  #announce(message, channelId) {
    const channel = this.#store.channelById(channelId);
    if (!channel || (channelId !== this.#store.channelId && !this.#store.unread(channelId)?.pings)) return;
    const where = channelId === this.#store.channelId ? "" : ` in ${roomName(channel)}`;
    this.#live.append(el("p", { text: `${displayName(message.author)}${where}: ${summary(message)}` }));
    while (this.#live.childElementCount > 20) this.#live.firstElementChild.remove();
  }

  /** One message takes part in tabbing; arrows walk from message to message. */
  #rove(to = null) {
    const all = [...this.#box.querySelectorAll(".message")];
    const kept = to ?? all.find((m) => m === document.activeElement) ?? all.at(-1);
    for (const one of all) one.tabIndex = one === kept ? 0 : -1;
    return all;
  }

  #key(event) {
    if (!event.target.classList?.contains("message")) return;
    const all = this.#rove();
    const at = all.indexOf(event.target);
    const next = { ArrowUp: all[at - 1], ArrowDown: all[at + 1], Home: all[0], End: all.at(-1) }[event.key];
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey) || event.key === "Enter") {
      const message = this.#store.messages().list.find((m) => m.id === event.target.dataset.id);
      if (message) this.#menu(event, message, event.target.querySelector(".message-tools button"));
    } else if (next) {
      next.focus();
      this.#rove(next);
      next.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  }

  async #menu(event, message, anchor) {
    const at = anchor ? { anchor } : { x: event.clientX, y: event.clientY };
    const apps = (await this.#store.commands()).filter((c) => c.type === 3);
    const mine = message.flags & 64;
    openMenu([
      ...(apps.length && !mine ? [{ heading: "Apps · Headframe" }] : []),
      ...(mine ? [] : apps.map((c) => ({ label: localised(c, "name"), icon: "tower", run: () => this.#useOn(c, message) }))),
      { heading: "Message" },
      { label: "Copy text", icon: "file", run: () => copy(summary(message)) },
      { label: "Copy message ID", icon: "hash", run: () => copy(message.id) },
      ...(mine ? [{ label: "Dismiss message", icon: "close", run: () => this.#dismiss(message) }] : []),
    ], { ...at, label: "Message actions" });
  }

  async #useOn(command, target) {
    const done = this.pending(localised(command, "name"));
    try {
      await this.#interactions.command({ id: command.id, name: command.name, type: command.type, target_id: target.id });
      done();
    } catch (why) {
      done(why.message);
    }
  }
}

export function roomName(channel) {
  return channel.name ?? displayName(channel.recipients?.[0] ?? { username: "Direct message" });
}

function welcome(channel) {
  return el("section", { class: "welcome" }, el("span", { class: "welcome-sign" }, channelIcon(channel.type, 40)),
    el("h2", { text: channel.type === 1 ? roomName(channel) : `Welcome to #${roomName(channel)}` }),
    el("p", { text: channel.type === 1 ? "Your private alerts and answers arrive here." : channel.topic || `This is the beginning of this ${channelKind(channel.type)}.` }));
}

function iconButton(sign, label, name, run) {
  return el("button", { type: "button", class: `icon-button ${name}`, "aria-label": label, title: label, on: { click: run } }, icon(sign, 22));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast("This browser does not let the page copy.", "bad");
  }
}
