// Around the room: servers, channels, who one is, members.

import { avatar, channelIcon, channelKind, colour, displayName, el, hidden, icon } from "./dom.js";
import { localised } from "./interactions.js";
import { openMenu } from "./menu.js";
import { roomName } from "./room.js";

export class Frame {
  #store;
  #interactions;
  #closed = new Set(); // folded categories
  onDm = () => {};
  onBecome = () => {};
  onShown = () => {};

  constructor(store, interactions) {
    this.#store = store;
    this.#interactions = interactions;
    store.on("frame room", () => this.draw());
    store.on("unread link", () => this.#drawChannels());
    store.on("link", () => this.#drawYou());
    document.addEventListener("click", (event) => {
      const to = event.target.closest?.("[data-channel]")?.dataset.channel;
      if (to) {
        store.show(to);
        this.onShown();
      }
    });
  }

  draw() {
    this.#drawChannels();
    this.#drawYou();
    this.#drawMembers();
  }

  // -- servers and channels ---------------------------------------------------------------------------------------

  #drawChannels() {
    keepFocus(() => {
      this.#drawServers();
      const box = document.getElementById("channels");
      const guild = this.#store.guild;
      box.replaceChildren(el("h2", { class: "server-name", text: guild?.name ?? "Direct messages" }),
        el("div", { class: "channel-scroll" }, guild ? this.#tree(guild) : this.#dms()));
    });
  }

  #drawServers() {
    const { frame, guildId } = this.#store;
    const waiting = frame.dms.reduce((n, dm) => n + (this.#store.unread(dm.id)?.count ?? 0), 0);
    const home = el("button", { type: "button", class: `server home ${guildId === null ? "here" : ""}`, title: "Direct messages", data: { key: "home" },
      "aria-current": guildId === null ? "true" : null, on: { click: () => this.onDm() } }, icon("tower", 28), hidden("Direct messages"), badge(waiting, "unread"));
    const rest = frame.guilds.map((g) => {
      const news = g.channels.some((c) => this.#store.unread(c.id));
      const pings = g.channels.reduce((n, c) => n + (this.#store.unread(c.id)?.pings ?? 0), 0);
      return el("button", { type: "button", class: `server ${g.id === guildId ? "here" : ""} ${news ? "news" : ""}`, title: g.name, data: { key: g.id },
        "aria-current": g.id === guildId ? "true" : null,
        on: { click: () => { this.#store.show(this.#store.firstChannel(g)?.id); this.onShown(); } } },
      el("span", { "aria-hidden": "true", text: g.name.split(/\s+/).map((w) => w[0]).join("").slice(0, 3) }),
      hidden(`${g.name}${news ? ", unread" : ""}`), badge(pings, "mentions"));
    });
    document.getElementById("servers").replaceChildren(home, el("hr", { "aria-hidden": "true" }), ...rest);
  }

  #tree(guild) {
    return this.#store.sorted(guild).map(({ category, channels }) => {
      const rows = channels.flatMap((c) => [c, ...(c.type === 15 ? [] : this.#store.threads(c.id))]);
      if (!category) return el("ul", {}, rows.map((c) => this.#row(c)));
      const folded = this.#closed.has(category.id);
      const seen = folded ? rows.filter((c) => c.id === this.#store.channelId || this.#store.unread(c.id)) : rows;
      return el("div", { class: "category" }, el("h3", {}, el("button", { type: "button", "aria-expanded": String(!folded), data: { key: category.id },
        on: { click: () => { if (!this.#closed.delete(category.id)) this.#closed.add(category.id); this.#drawChannels(); } } },
      icon(folded ? "right" : "down", 12), category.name)), el("ul", {}, seen.map((c) => this.#row(c))));
    });
  }

  #dms() {
    const rows = this.#store.frame.dms;
    if (!rows.length) return el("p", { class: "empty-note small", text: "Private alerts from Headframe appear here." });
    return el("ul", {}, rows.map((c) => this.#row(c)));
  }

  #row(channel) {
    const mark = this.#store.unread(channel.id);
    const here = channel.id === this.#store.channelId;
    const thread = [10, 11, 12].includes(channel.type);
    return el("li", {}, el("button", {
      type: "button", class: ["channel", here && "here", mark && "unread", thread && "thread"].filter(Boolean).join(" "),
      data: { channel: channel.id, key: `c${channel.id}` }, "aria-current": here ? "page" : null,
    }, channel.type === 1 ? avatar(channel.recipients[0], 28) : channelIcon(channel.type, thread ? 16 : 20),
    el("span", { class: "channel-name", text: roomName(channel) }),
    hidden(`, ${channelKind(channel.type)}${mark ? `, ${mark.count} unread` : ""}`), mark?.pings > 0 && badge(mark.pings, "mentions")));
  }

  // -- you --------------------------------------------------------------------------------------------------------

  #drawYou() {
    const { frame, me, person, linked } = this.#store;
    const line = !linked ? "Looking for the preview…" : frame.connected ? "Headframe is online" : "Headframe is not connected";
    keepFocus(() => document.getElementById("you").replaceChildren(
      el("div", { class: "you-line" }, avatar(me, 32), el("div", { class: "you-words" }, el("b", { text: displayName(me) }),
        el("span", { class: `you-status ${linked && frame.connected ? "on" : "off"}`, text: line }))),
      el("fieldset", { class: "switch" }, el("legend", { text: "You are" }), el("div", { class: "switch-row" }, frame.people.map((p) => el("label", { title: p.about },
        el("input", { type: "radio", name: "person", value: p.user.id, checked: p.user.id === person, data: { key: `p${p.key}` },
          on: { change: () => this.onBecome(p.user.id) } }), el("span", { text: p.title })))))));
  }

  // -- members ----------------------------------------------------------------------------------------------------

  #drawMembers() {
    const guild = this.#store.guild;
    const box = document.getElementById("members");
    const members = guild?.members ?? this.#store.frame.guilds[0]?.members.filter((m) => m.user.bot || m.user.id === this.#store.person) ?? [];
    const hoisted = (guild?.roles ?? []).filter((r) => r.hoist).sort((a, b) => b.position - a.position);
    const left = new Set(members);
    const groups = hoisted.map((role) => {
      const found = [...left].filter((m) => m.roles.includes(role.id));
      found.forEach((m) => left.delete(m));
      return [role.name, found];
    });
    groups.push(["Online", [...left].filter((m) => m.status !== "offline")], ["Offline", [...left].filter((m) => m.status === "offline")]);
    keepFocus(() => box.replaceChildren(el("h2", { class: "panel-title", text: "Members" }), ...groups.filter(([, found]) => found.length).map(([name, found]) =>
      el("div", { class: "member-group" }, el("h3", { text: `${name} — ${found.length}` }), el("ul", {}, found.map((m) => this.#member(m)))))));
  }

  #member(member) {
    const { user } = member;
    const person = this.#store.frame.people.find((p) => p.user.id === user.id);
    const tint = this.#store.nameColour(user.id);
    const open = (event) => { event.preventDefault(); this.#memberMenu(member, person, event.currentTarget); };
    return el("li", {}, el("button", { type: "button", class: `member ${member.status === "offline" ? "away" : ""}`, "aria-haspopup": "menu",
      data: { key: `m${user.id}` }, on: { click: open, contextmenu: open } },
    el("span", { class: "member-face" }, avatar(user, 32), el("i", { class: `status ${member.status}`, "aria-hidden": "true" })),
    el("span", { class: "member-words" }, el("span", { class: "member-name", vars: tint ? { "--tint": colour(tint) } : {} },
      displayName(user, member), user.bot && el("span", { class: "app-tag", text: "APP" }), hidden(`, ${member.status}`)),
    el("span", { class: "member-about", text: user.bot ? "Hoists headlines" : user.id === this.#store.person ? "You" : person?.about ?? "" }))));
  }

  async #memberMenu(member, person, anchor) {
    const apps = member.user.bot ? [] : (await this.#store.commands()).filter((c) => c.type === 2);
    openMenu([
      ...(person && person.user.id !== this.#store.person ? [{ label: `Be ${displayName(member.user)} (${person.title})`, icon: "people", run: () => this.onBecome(person.user.id) }] : []),
      ...(member.user.bot ? [{ label: "Direct messages", icon: "at", run: () => this.onDm() }] : []),
      ...(apps.length ? [{ heading: "Apps · Headframe" }] : []),
      ...apps.map((c) => ({ label: localised(c, "name"), icon: "tower", run: () => this.#interactions.command({ id: c.id, name: c.name, type: 2, target_id: member.user.id }) })),
      { label: "Copy user ID", icon: "hash", run: () => navigator.clipboard?.writeText(member.user.id) },
    ], { anchor, label: displayName(member.user, member) });
  }
}

function badge(count, what) {
  return count > 0 && el("span", { class: "badge" }, String(Math.min(count, 99)), hidden(` ${what}`));
}

/** Redraw without losing the keyboard's place: elements with the same data-key get it back. */
export function keepFocus(redraw) {
  const key = document.activeElement?.dataset?.key;
  redraw();
  if (key && document.activeElement === document.body) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
