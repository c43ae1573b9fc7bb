// Where one writes: plain messages, and "/" for commands.

import { post } from "./api.js";
import { CommandForm } from "./command_form.js";
import { flatten, matching, typedOut } from "./commands.js";
import { el, icon, toast } from "./dom.js";
import { Picker } from "./picker.js";
import { BITS } from "./store.js";
import { roomName } from "./room.js";

export class Composer {
  #store;
  #interactions;
  #room;
  #box = document.getElementById("composer");
  #picker = new Picker();
  #slot = el("div", { class: "composer-slot" });
  #errors = el("div", { class: "composer-errors" });
  #form = null;
  #flat = [];
  #text;
  #hint;

  constructor(store, interactions, room) {
    this.#store = store;
    this.#interactions = interactions;
    this.#room = room;
    this.#text = el("textarea", { rows: 1, role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-autocomplete": "list", autocomplete: "off" });
    this.#hint = el("p", { class: "typing", id: "typing", "aria-live": "polite" });
    const slash = el("button", { type: "button", class: "icon-button slash", "aria-label": "Use a command", title: "Use a command", on: { click: () => this.begin("") } }, icon("slash", 22));
    const send = el("button", { type: "button", class: "icon-button send", "aria-label": "Send", title: "Send", on: { click: () => (this.#form ? this.#form.send() : this.#sendText()) } }, icon("send", 22));
    this.#box.append(this.#picker.root, this.#errors, el("div", { class: "composer-line" }, slash, this.#slot, send), this.#hint);
    this.#slot.append(this.#text);
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("focusout", (event) => { if (!this.#box.contains(event.relatedTarget)) this.#picker.hide(); });
    store.on("room", () => this.#enter());
    store.on("commands frame", () => this.#learn());
    document.addEventListener("click", (event) => {
      const named = event.target.closest?.("[data-command]")?.dataset.command;
      if (named) this.begin(named);
    });
  }

  // -- the room changed -------------------------------------------------------------------------------------------

  async #enter() {
    this.#leaveForm(false);
    this.#text.value = "";
    this.#picker.hide();
    await this.#learn();
  }

  async #learn() {
    const channel = this.#store.channel;
    const usable = this.#store.may(BITS.COMMANDS) && channel && ![2, 4, 15].includes(channel.type);
    this.#flat = usable ? flatten(await this.#store.commands()) : [];
    const may = this.#store.maySend();
    this.#box.classList.toggle("closed", !may && !usable);
    this.#text.disabled = !may && !usable;
    const hint = !channel ? "Choose a channel" : channel.type === 15 ? "Open a post to write in it"
      : may && innerWidth <= 720 ? "Write, or / for commands" : may ? `Message ${channel.type === 1 ? "" : "#"}${roomName(channel)}, or / for commands` : usable ? "Only commands here: type /" : "You may not write here";
    this.#text.placeholder = hint;
    this.#text.setAttribute("aria-label", hint);
  }

  /** Put "/words" in place and open the list. */
  begin(words) {
    this.#leaveForm(false);
    this.#text.value = words ? `/${words} ` : "/";
    this.#text.focus();
    this.#typed();
  }

  // -- plain text -------------------------------------------------------------------------------------------------

  #typed() {
    this.#grow();
    const text = this.#text.value;
    if (!text.startsWith("/") || text.includes("\n")) return this.#picker.hide();
    const out = typedOut(this.#flat, text);
    if (out) return this.#enterForm(out.found, out.rest);
    const found = matching(this.#flat, text.slice(1));
    return this.#picker.show(this.#text, {
      title: el("span", { class: "picker-option" }, icon("tower", 18), el("b", { text: "Headframe" })),
      note: found.length ? "↑↓ to choose, Enter to take" : this.#flat.length ? "No command like it" : this.#store.frame.connected ? "No commands here" : "Headframe is not connected yet",
      items: found.slice(0, 60).map((c) => ({
        label: `/${c.label}`, about: c.description, tags: c.options.filter((o) => o.required).map((o) => o.name), run: () => this.#enterForm(c, "") })),
    });
  }

  #grow() {
    this.#text.style.setProperty("height", "auto");
    this.#text.style.setProperty("height", `${Math.min(this.#text.scrollHeight, 200)}px`);
  }

  #key(event) {
    const listed = this.#picker.open && this.#picker.count > 0;
    if (listed && (event.key === "ArrowDown" || event.key === "ArrowUp")) this.#picker.move(event.key === "ArrowDown" ? 1 : -1);
    else if (listed && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey && !event.isComposing) this.#picker.choose();
    else if (event.key === "Escape" && this.#picker.open) {
      this.#picker.hide();
      if (this.#text.value === "/") this.#text.value = "";
    }
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#sendText();
    else return;
    event.preventDefault();
  }

  async #sendText() {
    const content = this.#text.value.trim();
    if (!content) return;
    if (content.startsWith("/") && this.#flat.length) return this.#typed();
    try {
      await post("/local/messages", { as: this.#store.person, channel_id: this.#store.channelId, content });
      this.#text.value = "";
      this.#grow();
      this.#room.toEnd();
    } catch (why) {
      toast(why.message, "bad");
    }
  }

  // -- a command --------------------------------------------------------------------------------------------------

  #enterForm(entry, rest) {
    this.#picker.hide();
    this.#form = new CommandForm(entry, {
      store: this.#store, interactions: this.#interactions, picker: this.#picker,
      onSend: (data, label) => this.#sendCommand(data, label),
      onCancel: () => this.#leaveForm(true),
    }, rest);
    this.#slot.replaceChildren(this.#form.root);
    this.#errors.replaceChildren(this.#form.error);
    this.#box.classList.add("command");
    this.#form.focus();
  }

  #leaveForm(focus) {
    if (!this.#form) return;
    this.#form = null;
    this.#picker.hide();
    this.#errors.replaceChildren();
    this.#text.value = "";
    this.#slot.replaceChildren(this.#text);
    this.#box.classList.remove("command");
    this.#grow();
    if (focus) this.#text.focus();
  }

  async #sendCommand(data, label) {
    this.#leaveForm(true);
    const done = this.#room.pending(label);
    try {
      await this.#interactions.command(data, label);
      done();
    } catch (why) {
      done(why.message);
    }
  }
}
