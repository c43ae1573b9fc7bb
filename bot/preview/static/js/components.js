// Buttons, selects and the components of version 2, as they stand in messages.

import { colour, el, icon, webAddress } from "./dom.js";
import { link, rich } from "./markdown_dom.js";
import { makeSelect } from "./select.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "primary" };

/** Draw a message's components. `ctx`: {store, interactions, message, fail(text)}. */
export function components(nodes, ctx) {
  return (nodes ?? []).map((node) => one(node, ctx)).filter(Boolean);
}

function one(node, ctx) {
  switch (node.type) {
    case 1: return el("div", { class: "c-row" }, components(node.components, ctx));
    case 2: return button(node, ctx);
    case 3: case 5: case 6: case 7: case 8: return select(node, ctx);
    case 9: return el("div", { class: "c-section" }, el("div", { class: "c-section-text" }, components(node.components, ctx)),
      node.accessory && el("div", { class: "c-accessory" }, one(node.accessory, ctx)));
    case 10: return el("div", { class: "c-text md" }, rich(node.content, ctx.store.places));
    case 11: return veil(node, picture(node.media.url, node.description, "c-thumb"));
    case 12: return gallery(node);
    case 13: return veil(node, fileCard(node.file.url, node.name ?? nameOf(node.file.url), node.size));
    case 14: return el("div", { class: `c-gap ${node.spacing === 2 ? "large" : ""}` }, node.divider !== false && el("hr"));
    case 17: return container(node, ctx);
    default: return null;
  }
}

function container(node, ctx) {
  const shown = el("div", { class: "c-container" }, components(node.components, ctx));
  if (node.accent_color !== null && node.accent_color !== undefined) {
    shown.classList.add("accent");
    shown.style.setProperty("--accent", colour(node.accent_color));
  }
  return veil(node, shown);
}

/** Behind a veil until it is asked for. */
function veil(node, shown) {
  if (!node.spoiler) return shown;
  const wrap = el("div", { class: "veil" });
  const lift = el("button", { type: "button", class: "veil-lift", text: "Spoiler", on: { click: () => wrap.replaceWith(shown) } });
  shown.inert = true;
  lift.addEventListener("click", () => { shown.inert = false; });
  wrap.append(shown, lift);
  return wrap;
}

function button(node, ctx) {
  const sign = node.emoji && el("span", { class: "btn-sign", "aria-hidden": "true", text: node.emoji.name ?? "" });
  const style = STYLES[node.style] ?? "secondary";
  if (node.style === 5) {
    const href = webAddress(node.url);
    if (href && !node.disabled)
      return el("a", { class: "btn link", href, target: "_blank", rel: "noopener noreferrer" }, sign, node.label, icon("out", 16));
  }
  const label = node.label || node.emoji?.name || "Button";
  const shown = el("button", { type: "button", class: `btn ${style}`, disabled: node.disabled, "aria-label": node.label ? null : label,
    data: { customId: node.custom_id } }, sign, node.label && el("span", { text: node.label }));
  shown.addEventListener("click", () => use(ctx, shown, { component_type: 2, custom_id: node.custom_id }));
  return shown;
}

function select(node, ctx) {
  const made = makeSelect(node, ctx.store, {
    onChoose: (values) => use(ctx, made.button, { component_type: node.type, custom_id: node.custom_id, values }),
  });
  return made.root;
}

/** Send a press or a choice; the control shows that it is busy and says when it failed. */
async function use(ctx, control, data) {
  if (control.getAttribute("aria-busy") === "true") return;
  control.setAttribute("aria-busy", "true");
  try {
    await ctx.interactions.component(ctx.message, data);
    ctx.fail("");
  } catch (why) {
    ctx.fail(why.status ? why.message : "This interaction failed");
  } finally {
    control.removeAttribute("aria-busy");
  }
}

function gallery(node) {
  const shown = el("div", { class: "c-gallery", data: { n: String(Math.min(node.items.length, 4)) } });
  for (const item of node.items) shown.append(veil(item, picture(item.media.url, item.description, "c-media")));
  return shown;
}

/** A picture that opens whole when pressed; where it cannot be loaded its description stands instead. */
export function picture(raw, description, className, size = {}) {
  const src = webAddress(raw);
  const alt = description ?? "";
  if (!src) return el("span", { class: `${className} broken`, text: alt || "Picture" });
  const image = el("img", { src, alt: alt || "Picture", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer",
    width: size.width || null, height: size.height || null });
  const shown = el("a", { class: `picture ${className}`, href: src, target: "_blank", rel: "noopener noreferrer",
    title: alt || null }, image);
  image.addEventListener("error", () => shown.replaceChildren(el("span", { class: "broken", text: alt || "This picture could not be loaded" })));
  return shown;
}

const nameOf = (url) => decodeURIComponent(String(url).split("/").pop() || "file");

export function fileCard(url, name, size) {
  const about = size ? (size > 1e6 ? `${(size / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(size / 1000))} KB`) : "File";
  return el("div", { class: "file" }, icon("file", 28),
    el("div", {}, link(url, name), el("div", { class: "file-size", text: about })));
}
