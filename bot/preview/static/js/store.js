// What the page knows: the frame (servers, channels, people), messages, what is unread, who one is. Draws nothing.
//
// Emits: "frame" (redraw everything around the room), "room" (another channel is shown), "messages" {channelId, kind,
// message | id}, "unread", "link", "commands", "labels" (what commands are called is known), "interaction" {t, d}.

import { Live, get, post } from "./api.js";
import { flatten } from "./commands.js";
import { displayName } from "./dom.js";

export const BITS = { VIEW: 1n << 10n, SEND: 1n << 11n, COMMANDS: 1n << 31n, SEND_IN_THREADS: 1n << 38n };
export const FLAG = { PUBLISHED: 1, EPHEMERAL: 64, THINKING: 128, V2: 1 << 15 };
const THREADS = [10, 11, 12];
const PAGE = 50;
const KEEP = 400; // messages of one channel held by the page

export class Store extends EventTarget {
  frame = null;
  person = ""; // id of who one is
  guildId = null; // null: direct messages
  channelId = null;
  linked = false;
  #channels = new Map(); // by id
  #messages = new Map(); // channel id → {list oldest first, loaded, complete}
  #read = new Map(); // person:channel → last message id read
  #unread = new Map(); // person:channel → {count, pings}
  #commands = new Map(); // guild id or "" → promise
  #labels = new Map(); // a command's name in English → in the reader's language
  #live = null;
  #refreshing = null;

  emit(type, detail = {}) {
    this.dispatchEvent(Object.assign(new Event(type), { detail }));
  }

  on(types, handler) {
    for (const type of types.split(" ")) this.addEventListener(type, (event) => handler(event.detail, type));
  }

  // -- who and where ----------------------------------------------------------------------------------------------

  /** Become a person (id or key) and show a channel: the wished one, else the one shown, else the first. */
  async become(who, wished) {
    const frame = await get(`/local/state?as=${encodeURIComponent(who ?? "")}`);
    this.person = frame.me.id;
    this.#messages.clear();
    this.#commands.clear();
    this.#take(frame);
    this.#live?.close();
    this.#live = new Live(this.person, (t, d) => this.#hear(t, d), (open) => this.#link(open));
    const keep = [wished, this.channelId].find((id) => this.#channels.has(id));
    this.show(keep ?? this.firstChannel()?.id ?? null);
  }

  get me() { return this.frame.me; }
  get personKey() { return this.frame.people.find((p) => p.user.id === this.person)?.key ?? ""; }
  get channel() { return this.#channels.get(this.channelId) ?? null; }
  get guild() { return this.frame.guilds.find((g) => g.id === this.guildId) ?? null; }

  firstChannel(guild = this.frame.guilds[0]) {
    return this.sorted(guild).flatMap((group) => group.channels).find((c) => c.type !== 2) ?? null;
  }

  /** Categories in order, each with its channels in order; first those without a category. */
  sorted(guild) {
    if (!guild) return [];
    const order = (a, b) => (a.position ?? 0) - (b.position ?? 0) || (BigInt(a.id) < BigInt(b.id) ? -1 : 1);
    const plain = guild.channels.filter((c) => c.type !== 4 && !THREADS.includes(c.type)).sort(order);
    const groups = [{ category: null, channels: plain.filter((c) => !c.parent_id) }];
    for (const category of guild.channels.filter((c) => c.type === 4).sort(order))
      groups.push({ category, channels: plain.filter((c) => c.parent_id === category.id) });
    return groups.filter((group) => group.channels.length);
  }

  threads(parentId) {
    return [...this.#channels.values()].filter((c) => THREADS.includes(c.type) && c.parent_id === parentId);
  }

  show(channelId) {
    const channel = this.#channels.get(channelId);
    this.channelId = channel?.id ?? null;
    this.guildId = channel ? (channel.guild_id ?? null) : this.guildId;
    this.emit("room");
    if (channel) this.load(channel.id);
  }

  async openDm() {
    const channel = await post("/local/dms", { as: this.person });
    if (!this.#channels.has(channel.id)) await this.refresh();
    this.show(channel.id);
  }

  #take(frame) {
    this.frame = frame;
    this.#channels = new Map();
    for (const guild of frame.guilds) for (const channel of guild.channels)
      this.#channels.set(channel.id, { ...channel, guild_id: guild.id });
    const bot = frame.application.bot; // a DM is named after the other side, whoever the server lists
    frame.dms = frame.dms.map((dm) => ({ ...dm, guild_id: null, recipients: [dm.recipients.find((u) => u.id !== this.person) ?? bot] }));
    for (const dm of frame.dms) this.#channels.set(dm.id, dm);
    for (const channel of this.#channels.values()) {
      const key = this.#key(channel.id);
      if (!this.#read.has(key)) this.#read.set(key, channel.last_message_id ?? "0");
      else if (newer(channel.last_message_id, this.#read.get(key)) && !this.#unread.has(key))
        this.#unread.set(key, { count: 1, pings: channel.type === 1 ? 1 : 0 });
    }
    this.emit("frame");
  }

  /** Read the frame again; many wishes at once become one request. */
  refresh() {
    this.#refreshing ??= (async () => {
      await new Promise((done) => setTimeout(done, 60));
      this.#refreshing = null;
      const person = this.person;
      const frame = await get(`/local/state?as=${person}`).catch(() => null);
      if (!frame || person !== this.person) return;
      this.#take(frame);
      if (this.channelId && !this.#channels.has(this.channelId)) this.show(this.firstChannel()?.id ?? null);
    })();
    return this.#refreshing;
  }

  // -- looking things up ------------------------------------------------------------------------------------------

  channelById(id) { return this.#channels.get(id) ?? null; }
  role(id) { return this.frame.guilds.flatMap((g) => g.roles).find((r) => r.id === id) ?? null; }
  member(id) { return this.guild?.members.find((m) => m.user.id === id) ?? null; }

  userName(id) {
    const member = this.member(id) ?? this.frame.guilds.flatMap((g) => g.members).find((m) => m.user.id === id);
    const user = member?.user ?? this.frame.people.find((p) => p.user.id === id)?.user;
    return user ? displayName(user, member) : "unknown-user";
  }

  /** The colour of a member's name: the highest role with one. */
  nameColour(userId) {
    const member = this.member(userId);
    const roles = (this.guild?.roles ?? []).filter((r) => r.color && member?.roles.includes(r.id));
    return roles.sort((a, b) => b.position - a.position)[0]?.color ?? 0;
  }

  places = {
    userName: (id) => this.userName(id),
    role: (id) => this.role(id),
    channel: (id) => this.channelById(id),
    command: (name) => this.#labels.get(name) ?? name,
  };

  may(bit, channel = this.channel) {
    if (!channel) return false;
    return channel.my_permissions === undefined || (BigInt(channel.my_permissions) & bit) === bit;
  }

  maySend(channel = this.channel) {
    return Boolean(channel) && ![2, 4, 15].includes(channel.type) &&
      this.may(THREADS.includes(channel.type) ? BITS.SEND_IN_THREADS : BITS.SEND, channel);
  }

  /** Learns what commands are called in the reader's language, which is how Discord writes a mention of one. */
  #name(known) {
    for (const { name, label } of flatten(known)) this.#labels.set(name, label);
    this.emit("labels");
    return known;
  }

  commands() {
    const key = this.guildId ?? "";
    if (!this.#commands.has(key))
      this.#commands.set(key, get(`/local/commands?as=${this.person}${key && `&guild=${key}`}`).catch(() => []).then((known) => this.#name(known)));
    return this.#commands.get(key);
  }

  // -- messages ---------------------------------------------------------------------------------------------------

  messages(channelId = this.channelId) {
    return this.#messages.get(channelId) ?? { list: [], loaded: false, complete: false };
  }

  async load(channelId) {
    if (this.#messages.get(channelId)?.loaded) return this.emit("messages", { channelId, kind: "all" });
    const person = this.person;
    const found = await get(`/local/channels/${channelId}/messages?as=${person}&limit=${PAGE}`).catch(() => null);
    if (!found || person !== this.person) return undefined;
    this.#messages.set(channelId, { list: found.reverse(), loaded: true, complete: found.length < PAGE });
    return this.emit("messages", { channelId, kind: "all" });
  }

  /** Older messages before the oldest known one. */
  async loadOlder(channelId) {
    const held = this.#messages.get(channelId);
    if (!held?.loaded || held.complete || held.loading) return;
    held.loading = true;
    const oldest = held.list[0]?.id ?? "";
    const found = await get(`/local/channels/${channelId}/messages?as=${this.person}&limit=${PAGE}&before=${oldest}`).catch(() => []);
    held.loading = false;
    held.complete = found.length < PAGE;
    held.list.unshift(...found.reverse());
    this.emit("messages", { channelId, kind: "older" });
  }

  #key(channelId) { return `${this.person}:${channelId}`; }

  unread(channelId) { return this.#unread.get(this.#key(channelId)) ?? null; }
  lastRead(channelId) { return this.#read.get(this.#key(channelId)) ?? "0"; }

  markRead(channelId) {
    const newest = this.messages(channelId).list.at(-1)?.id ?? this.channelById(channelId)?.last_message_id;
    if (newest) this.#read.set(this.#key(channelId), newest);
    if (this.#unread.delete(this.#key(channelId))) this.emit("unread");
  }

  #pings(message, channel) {
    if (message.author.id === this.person) return false;
    const mine = this.member(this.person)?.roles ?? [];
    return channel?.type === 1 || message.mention_everyone || message.mentions?.some((u) => u.id === this.person) ||
      message.mention_roles?.some((r) => mine.includes(r));
  }

  // -- events -----------------------------------------------------------------------------------------------------

  #link(open) {
    this.linked = open;
    this.emit("link");
  }

  #hear(t, d) {
    if (t === "READY" || t === "BOT_STATUS") {
      this.frame.connected = d.connected;
      this.emit("link");
      if (t === "READY") this.#catchUp();
      else this.refresh();
    } else if (t === "MESSAGE_CREATE") this.#created(d);
    else if (t === "MESSAGE_UPDATE" || t.startsWith("MESSAGE_REACTION")) this.#changed(t, d);
    else if (t === "MESSAGE_DELETE") this.#gone(d.channel_id, [d.id]);
    else if (t === "MESSAGE_DELETE_BULK") this.#gone(d.channel_id, d.ids);
    else if (t === "COMMANDS_UPDATE") {
      this.#commands.clear();
      this.emit("commands");
    } else if (t.startsWith("INTERACTION_")) this.emit("interaction", { t, d });
    else if (t === "TYPING_START") this.emit("typing", d);
    else if (t === "CONTROLS" || /^(CHANNEL|THREAD|GUILD)_/.test(t)) this.refresh();
  }

  /** After a lost socket: what was missed is read again. */
  async #catchUp() {
    await this.refresh();
    const shown = this.channelId;
    this.#messages.clear();
    if (shown) await this.load(shown);
  }

  #created(message) {
    const held = this.#messages.get(message.channel_id);
    const channel = this.channelById(message.channel_id);
    if (channel) channel.last_message_id = message.id;
    if (held?.loaded && !held.list.some((m) => m.id === message.id)) {
      held.list.push(message);
      if (held.list.length > KEEP) held.list.splice(0, held.list.length - KEEP), held.complete = false;
    }
    if (!channel) this.refresh();
    if (message.author.id === this.person) this.#read.set(this.#key(message.channel_id), message.id);
    else {
      const mark = this.unread(message.channel_id) ?? { count: 0, pings: 0 };
      mark.count += 1;
      mark.pings += this.#pings(message, channel) ? 1 : 0;
      this.#unread.set(this.#key(message.channel_id), mark);
      this.emit("unread");
    }
    this.emit("messages", { channelId: message.channel_id, kind: "new", message });
  }

  #changed(t, d) {
    const held = this.#messages.get(d.channel_id);
    const id = t === "MESSAGE_UPDATE" ? d.id : d.message_id;
    const at = held?.list.findIndex((m) => m.id === id) ?? -1;
    if (at === -1) return;
    if (t === "MESSAGE_UPDATE") held.list[at] = { ...held.list[at], ...d };
    else react(held.list[at], d, t === "MESSAGE_REACTION_ADD" ? 1 : -1);
    this.emit("messages", { channelId: d.channel_id, kind: "changed", message: held.list[at] });
  }

  #gone(channelId, ids) {
    const held = this.#messages.get(channelId);
    if (held) held.list = held.list.filter((m) => !ids.includes(m.id));
    for (const id of ids) this.emit("messages", { channelId, kind: "gone", id });
  }
}

function react(message, { emoji }, by) {
  message.reactions ??= [];
  const same = message.reactions.find((r) => r.emoji.name === emoji.name && r.emoji.id === emoji.id);
  if (same) same.count += by;
  else if (by > 0) message.reactions.push({ emoji, count: 1 });
  message.reactions = message.reactions.filter((r) => r.count > 0);
}

export function newer(a, b) {
  return Boolean(a) && BigInt(a) > BigInt(b || "0");
}
