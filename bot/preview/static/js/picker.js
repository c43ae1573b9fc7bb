// The list over the composer: commands, choices, people. The keyboard stays in the text; the list follows it.

import { el, uid } from "./dom.js";

export class Picker {
  #box = el("div", { class: "picker", hidden: true });
  #list = el("div", { class: "picker-list", role: "listbox", id: uid("picker"), "aria-label": "Suggestions" });
  #title = el("div", { class: "picker-title" });
  #rows = [];
  #active = -1;
  #input = null;

  constructor() {
    this.#box.append(this.#title, this.#list);
  }

  get root() { return this.#box; }
  get id() { return this.#list.id; }
  get open() { return !this.#box.hidden; }
  get count() { return this.#rows.length; }

  /** items: {label, about?, sign?, tags?: [text], run}. `input` gets the ARIA of a combobox. */
  show(input, { title, items, note = "", active = 0 }) {
    this.#input = input;
    this.#title.replaceChildren(title);
    this.#rows = items;
    this.#list.replaceChildren(...items.map((item, i) => el("div", {
      class: "pick", role: "option", id: `${this.id}-${i}`, "aria-selected": "false",
      on: { mousedown: (event) => event.preventDefault(), click: () => item.run(), mousemove: () => this.#point(i, false) },
    }, item.sign && el("span", { class: "pick-sign", "aria-hidden": "true" }, item.sign),
    el("span", { class: "pick-words" }, el("span", { class: "pick-label" }, item.label, (item.tags ?? []).map((t) => el("span", { class: "pick-tag", text: t }))),
      item.about && el("span", { class: "pick-about", text: item.about })))));
    this.#list.hidden = !items.length;
    if (note) this.#title.append(el("span", { class: "picker-note", text: note }));
    this.#box.hidden = false;
    input.setAttribute("aria-expanded", String(items.length > 0));
    input.setAttribute("aria-controls", this.id);
    this.#point(items.length ? active : -1);
  }

  hide() {
    this.#box.hidden = true;
    this.#rows = [];
    this.#active = -1;
    this.#input?.setAttribute("aria-expanded", "false");
    this.#input?.removeAttribute("aria-activedescendant");
  }

  move(by) {
    const n = this.#rows.length;
    if (n) this.#point(this.#active === -1 && by < 0 ? n - 1 : (this.#active + by + n) % n);
  }

  /** Take the marked one; false when none is marked. */
  choose() {
    const item = this.open && this.#rows[this.#active];
    if (item) item.run();
    return Boolean(item);
  }

  #point(at, scroll = true) {
    this.#active = at;
    [...this.#list.children].forEach((row, i) => {
      row.classList.toggle("active", i === at);
      row.setAttribute("aria-selected", String(i === at));
    });
    if (scroll) this.#list.children[at]?.scrollIntoView({ block: "nearest" });
    if (at >= 0) this.#input?.setAttribute("aria-activedescendant", `${this.id}-${at}`);
    else this.#input?.removeAttribute("aria-activedescendant");
  }
}
