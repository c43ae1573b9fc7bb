// A select menu as Discord has it: a button that opens a list, with search for people, roles and channels,
// and several values where the component takes them.

import { avatar, channelIcon, displayName, el, icon, uid } from "./dom.js";

const PLACEHOLDER = { 3: "Make a selection", 5: "Select a user", 6: "Select a role", 7: "Select a person or role", 8: "Select a channel" };

/** What a select offers: {value, label, description, sign}. */
export function optionsOf(node, store) {
  if (node.type === 3) return node.options.map((o) => ({ value: o.value, label: o.label, description: o.description, sign: o.emoji?.name }));
  const guild = store.guild;
  const people = (guild?.members ?? [{ user: store.me }]).map((m) => ({
    value: m.user.id, label: displayName(m.user, m), description: m.user.username, sign: avatar(m.user, 24) }));
  const roles = (guild?.roles ?? []).map((r) => ({ value: r.id, label: r.name, description: "Role", sign: "@" }));
  if (node.type === 5) return people;
  if (node.type === 6) return roles;
  if (node.type === 7) return [...people, ...roles];
  const types = node.channel_types?.length ? node.channel_types : null;
  return (guild?.channels ?? []).filter((c) => (types ? types.includes(c.type) : true))
    .map((c) => ({ value: c.id, label: c.name, description: "", sign: channelIcon(c.type, 18) }));
}

function preset(node) {
  if (node.type === 3) return node.options.filter((o) => o.default).map((o) => o.value);
  return (node.default_values ?? []).map((d) => d.id);
}

/** Returns {root, values()}. `onChoose(values)` is called when the list closes with another choice (or at once for
 * single selects). `labelledby` names the button beyond its own text. */
export function makeSelect(node, store, { onChoose = () => {}, label = "" } = {}) {
  const options = optionsOf(node, store);
  const min = node.min_values ?? 1;
  const max = node.max_values ?? 1;
  const many = max > 1;
  let chosen = preset(node);
  let before = [];
  let active = -1;
  const listId = uid("list");
  const text = el("span", { class: "select-text" });
  const button = el("button", {
    type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-controls": listId, disabled: node.disabled, data: { customId: node.custom_id },
  }, text, icon("down", 18));
  const search = options.length > 10 || node.type !== 3
    ? el("input", { class: "select-search", type: "text", placeholder: "Search", "aria-label": "Search", "aria-controls": listId }) : null;
  const list = el("div", { class: "select-list", id: listId, role: "listbox", "aria-multiselectable": many ? "true" : null,
    "aria-label": label || node.placeholder || PLACEHOLDER[node.type], tabindex: "-1" });
  const box = el("div", { class: "select-box", popover: "manual" }, search, list);
  const root = el("div", { class: "select-wrap" }, button, box);

  const draw = () => {
    const labels = options.filter((o) => chosen.includes(o.value)).map((o) => o.label);
    const shown = labels.length ? labels.join(", ") : node.placeholder || PLACEHOLDER[node.type];
    text.textContent = shown;
    text.classList.toggle("empty", !labels.length);
    button.setAttribute("aria-label", label ? `${label}: ${shown}` : shown);
  };
  const visible = () => {
    const wanted = (search?.value ?? "").trim().toLowerCase();
    return options.filter((o) => `${o.label} ${o.description ?? ""}`.toLowerCase().includes(wanted));
  };
  const rows = () => [...list.querySelectorAll("[role=option]")];
  const point = (to) => {
    const all = rows();
    active = all.length ? (to + all.length) % all.length : -1;
    all.forEach((row, i) => row.classList.toggle("active", i === active));
    all[active]?.scrollIntoView({ block: "nearest" });
    (search ?? list).setAttribute("aria-activedescendant", all[active]?.id ?? "");
  };
  const drawList = () => {
    const found = visible();
    list.replaceChildren(...found.map((o) => el("div", {
      class: "option", role: "option", id: uid("option"), "aria-selected": String(chosen.includes(o.value)),
      data: { value: o.value }, on: { click: () => toggle(o.value) },
    }, o.sign && el("span", { class: "option-sign", "aria-hidden": "true" }, o.sign),
      el("span", { class: "option-words" }, el("span", { class: "option-label", text: o.label }),
        o.description && el("span", { class: "option-about", text: o.description })),
      el("span", { class: "option-mark", "aria-hidden": "true" }, chosen.includes(o.value) && icon("check", 18)))));
    if (!found.length) list.append(el("div", { class: "option none", text: "Nothing found" }));
    point(0);
  };
  const toggle = (value) => {
    if (!many) {
      chosen = chosen.includes(value) && min === 0 ? [] : [value];
      close(true);
      return;
    }
    if (chosen.includes(value)) chosen = chosen.filter((v) => v !== value);
    else if (chosen.length < max) chosen = [...chosen, value];
    const at = active;
    drawList();
    point(at);
    draw();
  };
  const outside = (event) => { if (!root.contains(event.target)) close(false); };
  const openList = () => {
    before = chosen;
    button.setAttribute("aria-expanded", "true");
    box.showPopover();
    if (search) search.value = "";
    drawList();
    const at = button.getBoundingClientRect();
    box.style.setProperty("width", `${Math.max(at.width, 220)}px`);
    const below = at.bottom + box.offsetHeight + 8 < innerHeight || at.top < box.offsetHeight + 8;
    box.style.setProperty("left", `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`);
    box.style.setProperty("top", `${below ? at.bottom + 4 : at.top - box.offsetHeight - 4}px`);
    (search ?? list).focus();
    document.addEventListener("pointerdown", outside, true);
  };
  const close = (back) => {
    if (!box.matches(":popover-open")) return;
    document.removeEventListener("pointerdown", outside, true);
    box.hidePopover();
    button.setAttribute("aria-expanded", "false");
    draw();
    if (back) button.focus();
    const same = before.length === chosen.length && before.every((v) => chosen.includes(v));
    if (!same && chosen.length >= min) onChoose(chosen);
  };
  button.addEventListener("click", () => (box.matches(":popover-open") ? close(true) : openList()));
  button.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); openList(); }
  });
  search?.addEventListener("input", drawList);
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") point(active + 1);
    else if (event.key === "ArrowUp") point(active - 1);
    else if (event.key === "Enter" || (event.key === " " && !search)) rows()[active] && toggle(rows()[active].dataset.value);
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") { close(true); return; }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  draw();
  return { root, button, values: () => chosen };
}
