// "Make it happen": what a visitor can do to the world to see how the bot takes it.

import { post } from "./api.js";
import { el, icon, uid } from "./dom.js";

export class Controls {
  #store;
  #drawn = "";

  constructor(store) {
    this.#store = store;
    store.on("frame", () => this.#draw());
  }

  #draw() {
    const wanted = JSON.stringify(this.#store.frame.controls);
    if (wanted === this.#drawn) return; // keep what is being typed
    this.#drawn = wanted;
    const box = document.getElementById("controls");
    box.hidden = !this.#store.frame.controls.length;
    box.replaceChildren(el("h2", { class: "panel-title" }, icon("bolt", 16), "Make it happen"),
      ...this.#store.frame.controls.map((control, i) => this.#control(control, i === 0)));
  }

  #control(control, open) {
    const fields = control.params.map((param) => [param, field(param)]);
    const said = el("p", { class: "control-said", role: "status" });
    const go = el("button", { type: "submit", class: "btn primary", text: "Do it" });
    const form = el("form", { class: "control-form", autocomplete: "off", novalidate: true }, control.about && el("p", { class: "control-about", text: control.about }),
      fields.map(([, made]) => made.root), go, said);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.setAttribute("aria-busy", "true");
      said.textContent = ""; // the same answer twice is said twice
      const params = Object.fromEntries(fields.map(([param, made]) => [param.name, made.value()]));
      try {
        said.textContent = (await post("/local/control", { name: control.name, params })).message;
        said.className = "control-said good";
      } catch (why) {
        said.textContent = why.message;
        said.className = "control-said bad";
      }
      go.removeAttribute("aria-busy");
    });
    return el("details", { class: "control", open, name: "control", data: { control: control.name } },
      el("summary", {}, el("span", { text: control.label }), icon("down", 16)), form);
  }
}

function field(param) {
  const id = uid("param");
  const label = el("label", { for: id }, param.label, param.required ? null : el("span", { class: "optional", text: " (optional)" }));
  if (param.type === "boolean") {
    const input = el("input", { id, type: "checkbox", checked: param.default === true });
    return { root: el("div", { class: "param check" }, input, label), value: () => input.checked };
  }
  if (param.type === "choice") {
    const input = el("select", { id }, param.choices.map((c) => el("option", { value: c, selected: c === String(param.default), text: c })));
    return { root: el("div", { class: "param" }, label, input), value: () => input.value };
  }
  const long = param.type === "string" && String(param.default).length > 30;
  const input = el(long ? "textarea" : "input", { id, rows: long ? 2 : null, type: long ? null : "text", inputmode: param.type === "number" ? "decimal" : null });
  input.value = param.default ?? "";
  if (long) input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); input.form.requestSubmit(); }
  });
  return { root: el("div", { class: "param" }, label, input), value: () => input.value };
}
