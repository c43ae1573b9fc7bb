// A command being filled in: its name, one small field per option, suggestions for the field in hand.

import { upload } from "./api.js";
import { KIND, fromList, interactionData, namesAnother, readRest, readValue, withoutOwnName } from "./commands.js";
import { avatar, channelIcon, displayName, el, icon, uid } from "./dom.js";
import { localised } from "./interactions.js";

const PAUSE = 130; // milliseconds of quiet before the bot is asked to complete
const SUGGESTED = 25;

export class CommandForm {
  #fields = new Map(); // option name → {option, root, input, value?, label?}
  #timer = 0;
  #asked = 0;

  /** `host`: {store, interactions, picker, onSend(data, text), onCancel()}. */
  constructor(entry, host, rest = "") {
    this.entry = entry;
    this.host = host;
    this.line = el("div", { class: "command-fields" });
    this.error = el("p", { class: "command-error", role: "alert", id: uid("error") });
    this.root = el("div", { class: "command-form", role: "group", tabindex: "-1", "aria-label": `Command ${entry.label}. Enter sends it.`,
      on: { keydown: (event) => event.target === this.root && this.#key(event, null) } },
      el("span", { class: "command-name", text: `/${entry.label}` }), this.line);
    const given = readRest(entry.options, rest);
    for (const option of entry.options) if (option.required || option.name in given) this.#add(option, given[option.name] ?? "");
    this.more = el("button", { type: "button", class: "more-options", on: { click: () => this.#offerOptional(this.more), focus: () => this.#offerOptional(this.more), keydown: (e) => this.#key(e, null) } });
    this.root.append(this.more);
    this.#countOptional();
  }

  focus() {
    const empty = [...this.#fields.values()].find((f) => f.value === undefined && !f.input.value);
    (empty?.input ?? [...this.#fields.values()][0]?.input ?? (this.more.hidden ? this.root : this.more)).focus();
  }

  // -- fields -----------------------------------------------------------------------------------------------------

  #add(option, text = "") {
    const id = uid("option");
    const file = option.type === KIND.FILE;
    const input = el("input", { id, class: "option-input", type: file ? "file" : "text", role: file ? null : "combobox", "aria-expanded": file ? null : "false",
      "aria-autocomplete": file ? null : "list", "aria-describedby": this.error.id, "aria-required": String(Boolean(option.required)), autocomplete: "off", spellcheck: "false",
      inputmode: [KIND.INTEGER, KIND.NUMBER].includes(option.type) ? "decimal" : null, data: { option: option.name } });
    const name = localised(option, "name");
    const field = { option, input, root: el("span", { class: `field ${option.required ? "required" : ""}` }, el("label", { for: id, text: name }), input) };
    input.value = file ? "" : text;
    this.#fields.set(option.name, field);
    this.line.append(field.root);
    this.#size(field);
    input.addEventListener("input", () => { field.value = undefined; this.#clear(field); if (!this.#spread(field)) this.#suggest(field); this.#size(field); });
    input.addEventListener("focus", () => this.#suggest(field));
    input.addEventListener("blur", () => this.#resolve(field));
    input.addEventListener("keydown", (event) => this.#key(event, field));
    if (file) input.addEventListener("change", () => this.#upload(field));
    return field;
  }

  /** A command typed out goes where its names say, as in Discord: "metal:gold value:4500" fills two fields. Whether it left this one. */
  #spread(field) {
    const { input, option } = field;
    if (option.type === KIND.FILE) return false;
    const own = withoutOwnName(option, input.value);
    if (own !== input.value) input.value = own;
    const open = this.entry.options.filter((o) => o !== option && o.type !== KIND.FILE && !this.#filled(o));
    const found = namesAnother(open, input.value);
    if (!found) return false;
    input.value = found.before;
    this.#size(field);
    const other = this.#fields.get(found.option.name) ?? this.#add(found.option);
    this.#countOptional();
    other.input.value = found.after;
    other.input.focus();
    if (!this.#spread(other)) this.#suggest(other);
    this.#size(other);
    return true;
  }

  #filled(option) {
    const field = this.#fields.get(option.name);
    return field !== undefined && (field.value !== undefined || field.input.value !== "");
  }

  #remove(field) {
    if (field.option.required) return this.host.onCancel();
    this.#fields.delete(field.option.name);
    field.root.remove();
    this.#countOptional();
    return this.focus();
  }

  #size(field) {
    if (field.option.type !== KIND.FILE) field.input.style.setProperty("width", `${Math.max(4, [...field.input.value].length + 2)}ch`);
  }

  #optional() { return this.entry.options.filter((o) => !this.#fields.has(o.name)); }

  #countOptional() {
    const left = this.#optional().length;
    this.more.hidden = !left;
    this.more.textContent = left ? `+${left} optional` : "";
    if (!left && !this.#fields.size) this.more.hidden = true;
  }

  async #upload(field) {
    const file = field.input.files[0];
    if (!file) return;
    try {
      const stored = await upload(file, this.host.store.person);
      field.value = stored.id;
      field.label = stored.filename;
    } catch (why) {
      this.#complain(field, why.message);
    }
  }

  // -- suggestions ------------------------------------------------------------------------------------------------

  #suggest(field) {
    clearTimeout(this.#timer);
    this.current = field;
    const { option } = field;
    if (option.autocomplete) {
      this.#show(field, [], "Looking…");
      this.#timer = setTimeout(() => this.#complete(field), field.input.value ? PAUSE : 0);
      return;
    }
    const list = this.#list(option);
    const wanted = field.value === undefined ? field.input.value.trim().toLowerCase().replace(/^[@#]/, "") : "";
    this.#show(field, list.filter((c) => c.label.toLowerCase().includes(wanted)).slice(0, 50), list.length && wanted ? "" : "");
  }

  #list(option) {
    const { store } = this.host;
    if (option.choices?.length) return option.choices.map((c) => ({ value: c.value, label: localised(c, "name") }));
    const guild = store.guild;
    const people = () => (guild?.members ?? [{ user: store.me }]).map((m) => ({ value: m.user.id, label: displayName(m.user, m), about: m.user.username, sign: avatar(m.user, 24) }));
    const roles = () => (guild?.roles ?? []).map((r) => ({ value: r.id, label: r.name, sign: "@" }));
    switch (option.type) {
      case KIND.BOOLEAN: return [{ value: true, label: "True" }, { value: false, label: "False" }];
      case KIND.USER: return people();
      case KIND.ROLE: return roles();
      case KIND.MENTIONABLE: return [...people(), ...roles()];
      case KIND.CHANNEL: return store.sorted(guild).flatMap((g) => g.channels).concat(guild?.channels.filter((c) => [10, 11, 12].includes(c.type)) ?? [])
        .filter((c) => !option.channel_types?.length || option.channel_types.includes(c.type)).map((c) => ({ value: c.id, label: c.name, sign: channelIcon(c.type, 18) }));
      default: return [];
    }
  }

  async #complete(field) {
    const asked = ++this.#asked;
    const values = this.#values({ lenient: true });
    values[field.option.name] = field.input.value;
    try {
      const choices = await this.host.interactions.autocomplete(interactionData(this.entry, values, field.option.name));
      if (asked !== this.#asked || document.activeElement !== field.input) return;
      this.#show(field, choices.slice(0, SUGGESTED).map((c) => ({ value: c.value, label: localised(c, "name") })), choices.length ? "" : "Nothing like it; press Enter to send what you wrote");
    } catch {
      if (asked === this.#asked && document.activeElement === field.input) this.#show(field, [], "Loading options failed");
    }
  }

  #show(field, choices, note) {
    const { option } = field;
    const title = [el("b", { text: localised(option, "name") }), el("span", { text: localised(option, "description") })];
    if (!option.required) title.push(el("span", { class: "pick-tag", text: "optional" }));
    this.host.picker.show(field.input, {
      title: el("span", { class: "picker-option" }, title), note,
      items: choices.map((c) => ({ label: c.label, about: c.about, sign: c.sign, run: () => this.#take(field, c) })),
      active: fromList(option) || option.autocomplete ? 0 : -1,
    });
  }

  #take(field, choice) {
    clearTimeout(this.#timer);
    this.#asked += 1;
    field.value = choice.value;
    field.input.value = choice.label;
    this.#clear(field);
    this.#size(field);
    this.#next(field);
  }

  /** After a choice: the next empty field; when there is none, the command is ready to be sent. */
  #next(field) {
    const empty = [...this.#fields.values()].find((f) => f.value === undefined && !f.input.value);
    if (empty) empty.input.focus();
    else {
      field.input.focus();
      this.host.picker.show(field.input, { title: el("span", { class: "picker-option" }, "Ready: press ", el("b", { text: "Enter" }), " to send"),
        items: [], note: this.#optional().length ? "Tab for more options" : "" });
    }
  }

  #offerOptional(input) {
    const left = this.#optional();
    if (!left.length) return;
    // Nothing is marked: Enter sends the command as it is, an arrow walks into the list.
    this.host.picker.show(input, { active: -1,
      title: el("span", { class: "picker-option" }, "Ready: press ", el("b", { text: "Enter" }), " to send"), note: "↓ for an option",
      items: left.map((o) => ({ label: localised(o, "name"), about: localised(o, "description"), run: () => { const made = this.#add(o); this.#countOptional(); made.input.focus(); } })) });
  }

  // -- keys -------------------------------------------------------------------------------------------------------

  #key(event, field) {
    const { picker } = this.host;
    const marked = picker.open && picker.count > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") picker.move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") {
      if (field && field.value !== undefined) this.send();
      else if (!(marked && this.#worthTaking(field) && picker.choose())) this.send();
    } else if (event.key === "Tab" && !event.shiftKey && field) {
      if (!(marked && field.value === undefined && (field.input.value || field.option.required) && this.#worthTaking(field) && picker.choose())) {
        const all = [...this.#fields.values()];
        const next = all[all.indexOf(field) + 1]?.input ?? (this.more.hidden ? null : this.more);
        if (!next) return;
        next.focus();
      }
    } else if (event.key === "Escape") {
      if (marked) picker.hide();
      else this.host.onCancel();
    } else if (event.key === "Backspace" && field && !field.input.value) this.#remove(field);
    else if (event.key === "Backspace" && !field) this.host.onCancel();
    else if (!field && this.#begins(event)) return; // the letter goes into the field that it opened
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Whoever writes on where only optional fields are left means the first of them: "/price now gold". */
  #begins(event) {
    const [first] = this.#optional();
    if (!first || first.type === KIND.FILE || [...event.key].length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return false;
    const made = this.#add(first);
    this.#countOptional();
    made.input.focus();
    return true;
  }

  /** In a field of free text nothing is taken that was not asked for. */
  #worthTaking(field) {
    return !field || field.input.getAttribute("aria-activedescendant");
  }

  // -- sending ----------------------------------------------------------------------------------------------------

  /** The value a field stands for, when its text names one of a list. */
  #resolve(field) {
    if (field.value !== undefined || !field.input.value || field.option.type === KIND.FILE) return;
    const list = this.#list(field.option);
    const wanted = field.input.value.trim().toLowerCase().replace(/^[@#]/, "");
    const same = list.find((c) => c.label.toLowerCase() === wanted || String(c.value) === wanted);
    if (same) { field.value = same.value; field.input.value = same.label; this.#size(field); }
  }

  #values({ lenient = false } = {}) {
    const values = {};
    for (const [name, field] of this.#fields) {
      this.#resolve(field);
      const text = field.input.value;
      if (field.value !== undefined) values[name] = field.value;
      else if (text && field.option.type !== KIND.FILE) {
        const read = fromList(field.option) ? { problem: "Choose one from the list" } : readValue(field.option, text);
        if (read.problem && !lenient) { this.#complain(field, read.problem); return null; }
        if (!read.problem) values[name] = read.value;
      } else if (field.option.required && !lenient) { this.#complain(field, "This option is required"); return null; }
    }
    return values;
  }

  send() {
    clearTimeout(this.#timer);
    const values = this.#values();
    if (values) this.host.onSend(interactionData(this.entry, values), `/${this.entry.label}`);
  }

  #complain(field, text) {
    field.root.classList.add("wrong");
    field.input.setAttribute("aria-invalid", "true");
    this.error.replaceChildren(icon("alert", 16), ` ${localised(field.option, "name")}: ${text}.`);
    field.input.focus();
  }

  #clear(field) {
    field.root.classList.remove("wrong");
    field.input.removeAttribute("aria-invalid");
    this.error.replaceChildren();
  }
}
