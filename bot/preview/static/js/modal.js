// Modals: the form a bot opens. A native dialog keeps the keyboard inside and gives it back.

import { upload } from "./api.js";
import { el, icon, uid } from "./dom.js";
import { rich } from "./markdown_dom.js";
import { makeSelect } from "./select.js";

const SELECTS = [3, 5, 6, 7, 8];

export function openModal({ id, modal }, store, interactions) {
  const channelId = store.channelId;
  const fields = []; // {problem(): text or "", answer(): node, node}
  const titleId = uid("modal");
  const wrong = el("p", { class: "failure", role: "alert", hidden: true });
  const send = el("button", { type: "submit", class: "btn primary", text: "Submit" });
  const dialog = el("dialog", { class: "modal", "aria-labelledby": titleId });
  const close = () => { dialog.close(); };
  const answers = modal.components.map((node) => part(node, store, fields));
  const form = el("form", { method: "dialog", novalidate: true },
    el("header", {}, el("h2", { id: titleId, text: modal.title }),
      el("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: close } }, icon("close", 22))),
    el("p", { class: "modal-note" }, "This form is sent to Headframe."),
    el("div", { class: "modal-body" }, answers.map((a) => a.root)), wrong,
    el("footer", {}, el("button", { type: "button", class: "btn quiet", text: "Cancel", on: { click: close } }), send));
  dialog.append(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const bad = fields.filter((f) => f.check());
    if (bad.length) return bad[0].focus();
    send.setAttribute("aria-busy", "true");
    wrong.hidden = true;
    try {
      const components = answers.map((a) => a.answer()).filter(Boolean);
      await interactions.modal(id, channelId, { custom_id: modal.custom_id, components });
      close();
    } catch (why) {
      wrong.replaceChildren(icon("alert", 16), ` ${why.status ? why.message : "Something went wrong. Try again."}`);
      wrong.hidden = false;
    }
    send.removeAttribute("aria-busy");
    return undefined;
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  (fields[0] ?? { focus: () => send.focus() }).focus();
}

/** One top-level piece: {root, answer()} with the answer nested as the modal was. */
function part(node, store, fields) {
  if (node.type === 10) return { root: el("div", { class: "md modal-text" }, rich(node.content, store.places)), answer: () => null };
  if (node.type === 1) {
    const inner = node.components.map((c) => labelled(c.label, null, c, store, fields));
    return { root: el("div", {}, inner.map((i) => i.root)), answer: () => ({ type: 1, components: inner.map((i) => i.answer()) }) };
  }
  if (node.type === 18) {
    const inner = labelled(node.label, node.description, node.component, store, fields);
    return { root: inner.root, answer: () => ({ type: 18, component: inner.answer() }) };
  }
  return { root: el("div"), answer: () => null };
}

function labelled(label, description, node, store, fields) {
  const id = uid("field");
  const required = node.required !== false && node.type !== 23;
  const note = el("span", { class: "field-wrong", id: `${id}-note`, role: "alert" });
  const about = description && el("span", { class: "field-about", id: `${id}-about`, text: description });
  const made = control(node, { id, label, required, store, describedby: [about && `${id}-about`, `${id}-note`].filter(Boolean).join(" ") });
  fields.push({
    check: () => {
      const problem = made.empty() ? (required ? "Please fill this in." : "") : made.problem?.() ?? "";
      note.textContent = problem;
      return problem;
    },
    focus: () => made.focus(),
  });
  const grouped = made.group;
  const title = [label, required && el("span", { class: "star", "aria-hidden": "true", text: " *" })];
  const root = el(grouped ? "fieldset" : "div", { class: "field-block" },
    el(grouped ? "legend" : "label", grouped ? {} : { for: made.labelFor ?? id }, title), about, made.root, note);
  return { root, answer: () => ({ type: node.type, custom_id: node.custom_id, ...made.answer() }) };
}

function control(node, how) {
  if (node.type === 4) return textInput(node, how);
  if (SELECTS.includes(node.type)) {
    const made = makeSelect(node, how.store, { label: how.label });
    made.button.id = how.id;
    return { root: made.root, focus: () => made.button.focus(), empty: () => !made.values().length, answer: () => ({ values: made.values() }) };
  }
  if (node.type === 21 || node.type === 22) return choices(node, how);
  if (node.type === 23) {
    const input = el("input", { type: "checkbox", id: how.id, checked: node.default === true });
    return { root: input, focus: () => input.focus(), empty: () => false, answer: () => ({ value: input.checked }) };
  }
  return files(node, how);
}

function textInput(node, { id, required, describedby }) {
  const long = node.style === 2;
  const input = el(long ? "textarea" : "input", { id, type: long ? null : "text", rows: long ? 5 : null, placeholder: node.placeholder, maxlength: node.max_length ?? 4000,
    "aria-required": String(required), "aria-describedby": describedby, autocomplete: "off", data: { customId: node.custom_id } });
  input.value = node.value ?? "";
  return {
    root: input, focus: () => { input.focus(); input.select(); }, empty: () => !input.value,
    problem: () => (node.min_length && [...input.value].length < node.min_length ? `At least ${node.min_length} characters, please.` : ""),
    answer: () => ({ value: input.value }),
  };
}

/** Radio buttons (21) or checkboxes (22). */
function choices(node, { id, describedby }) {
  const one = node.type === 21;
  const inputs = node.options.map((o) => el("input", { type: one ? "radio" : "checkbox", name: id, value: o.value, checked: o.default === true, "aria-describedby": describedby }));
  const root = el("div", { class: "choices" }, node.options.map((o, i) => el("label", {}, inputs[i], el("span", {}, el("span", { text: o.label }),
    o.description && el("span", { class: "field-about", text: o.description })))));
  const chosen = () => inputs.filter((i) => i.checked).map((i) => i.value);
  return {
    root, group: true, focus: () => inputs[0]?.focus(), empty: () => !chosen().length,
    problem: () => {
      const n = chosen().length;
      if (!one && n > (node.max_values ?? node.options.length)) return `At most ${node.max_values}, please.`;
      return !one && n < (node.min_values ?? 0) ? `At least ${node.min_values}, please.` : "";
    },
    answer: () => (one ? { value: chosen()[0] ?? null } : { values: chosen() }),
  };
}

function files(node, { id, store, describedby }) {
  const input = el("input", { type: "file", id, multiple: (node.max_values ?? 1) > 1, "aria-describedby": describedby });
  let stored = [];
  let trouble = "";
  input.addEventListener("change", async () => {
    trouble = "Still sending the file…";
    try {
      stored = await Promise.all([...input.files].map((file) => upload(file, store.person)));
      trouble = "";
    } catch (why) {
      trouble = why.message;
    }
  });
  return { root: input, focus: () => input.focus(), empty: () => !input.files.length, problem: () => trouble, answer: () => ({ values: stored.map((f) => f.id) }) };
}
