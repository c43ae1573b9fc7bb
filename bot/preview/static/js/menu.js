// Context menus: a list of actions at a point, with arrow keys, and focus back where it came from.

import { el, icon } from "./dom.js";

let open = null;

/** items: {label, run, icon?, hint?, disabled?} or {heading}. Opens at (x, y) or under `anchor`. */
export function openMenu(items, { x, y, anchor, label }) {
  closeMenu();
  const back = document.activeElement;
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label, popover: "manual" });
  for (const item of items) {
    if (item.heading) menu.append(el("div", { class: "menu-heading", role: "presentation", text: item.heading }));
    else menu.append(el("button", {
      type: "button", role: "menuitem", tabindex: "-1", disabled: item.disabled,
      on: { click: () => { closeMenu(); item.run(); }, pointermove: (event) => event.currentTarget.focus({ preventScroll: true }) },
    }, el("span", { class: "menu-label", text: item.label }), item.icon && icon(item.icon, 18)));
  }
  document.body.append(menu);
  menu.showPopover();
  const box = anchor?.getBoundingClientRect();
  place(menu, x ?? box.right - menu.offsetWidth, y ?? box.bottom + 4);
  const buttons = () => [...menu.querySelectorAll("button:not(:disabled)")];
  menu.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) all[next % all.length]?.focus();
    else if (event.key !== "Escape" && event.key !== "Tab") return;
    else closeMenu();
    event.preventDefault();
    event.stopPropagation();
  });
  const outside = (event) => { if (!menu.contains(event.target)) closeMenu(); };
  setTimeout(() => document.addEventListener("pointerdown", outside, true));
  open = () => {
    document.removeEventListener("pointerdown", outside, true);
    menu.remove();
    if (back?.isConnected) back.focus({ preventScroll: true });
  };
  buttons()[0]?.focus();
}

export function closeMenu() {
  const close = open;
  open = null;
  close?.();
}

/** Keep a floating box inside the window. */
export function place(box, x, y) {
  const left = Math.max(8, Math.min(x, innerWidth - box.offsetWidth - 8));
  const top = Math.max(8, Math.min(y, innerHeight - box.offsetHeight - 8));
  box.style.setProperty("left", `${left}px`);
  box.style.setProperty("top", `${top}px`);
}
