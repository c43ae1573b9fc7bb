// Embeds and attachments.

import { fileCard, picture } from "./components.js";
import { colour, el } from "./dom.js";
import { line, link, rich } from "./markdown_dom.js";
import { full, heading } from "./time.js";

export function embed(data, places) {
  const shown = el("article", { class: "embed", "aria-label": "Embed" });
  if (data.color !== undefined && data.color !== null) shown.style.setProperty("--bar", colour(data.color));
  const body = el("div", { class: "embed-body" });
  if (data.author) body.append(el("div", { class: "embed-author" }, data.author.url ? link(data.author.url, data.author.name) : data.author.name));
  if (data.title) body.append(el("div", { class: "embed-title" },
    data.url ? link(data.url, line(data.title, places), data.url) : line(data.title, places)));
  if (data.description) body.append(el("div", { class: "embed-text md" }, rich(data.description, places)));
  if (data.fields?.length) body.append(fields(data.fields, places));
  if (data.image) body.append(picture(data.image.url, data.image.description, "embed-image"));
  const foot = [data.footer?.text && el("span", { text: data.footer.text }), data.timestamp && when(data.timestamp)].filter(Boolean);
  if (foot.length === 2) foot.splice(1, 0, el("span", { class: "dot", "aria-hidden": "true", text: "•" }));
  if (foot.length) body.append(el("div", { class: "embed-foot" }, foot));
  shown.append(body);
  if (data.thumbnail) {
    shown.classList.add("with-thumb");
    shown.append(picture(data.thumbnail.url, data.thumbnail.description, "embed-thumb"));
  }
  return shown;
}

function when(iso) {
  const date = new Date(iso);
  return el("time", { datetime: iso, title: full(date), text: heading(date) });
}

/** Inline fields stand up to three in a row. */
function fields(list, places) {
  const shown = el("dl", { class: "embed-fields" });
  let row = [];
  const flush = () => {
    for (const one of row) one.style.setProperty("--span", String(12 / row.length));
    row = [];
  };
  for (const field of list) {
    const made = el("div", { class: "embed-field" }, el("dt", {}, line(field.name, places)), el("dd", { class: "md" }, rich(field.value, places)));
    if (!field.inline || row.length === 3) flush();
    if (field.inline) row.push(made);
    shown.append(made);
  }
  flush();
  return shown;
}

export function attachments(list) {
  return (list ?? []).map((one) =>
    one.content_type?.startsWith("image/")
      ? picture(one.url, one.description || one.filename, "attachment-image", { width: one.width, height: one.height })
      : fileCard(one.url, one.filename, one.size));
}
