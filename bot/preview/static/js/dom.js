// Building the page: elements, icons and avatars. Text only ever enters as text nodes; nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: class, text, on: {event: handler}, data: {…}, vars: {"--x": …}; anything else is an attribute
 * (false, null and undefined leave it out, true sets it empty). Children may be nodes, strings, arrays or nothing. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name === "vars") for (const [key, v] of Object.entries(value)) made.style.setProperty(key, v);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const hidden = (text) => el("span", { class: "sr", text });

let serial = 0;
/** An id that no other element has. */
export const uid = (stem) => `${stem}-${++serial}`;

// Drawn on a 24 by 24 grid as strokes.
const PATHS = {
  hash: "M9 4 7 20M17 4l-2 16M4.5 9h16M3.5 15h16",
  announce: "M4 10v4l3 .5L9 20h3l-1.5-5 9.5 3V6L7 9.6zM20 9.5a3 3 0 0 1 0 5",
  forum: "M4 5h16v10H10l-4 4v-4H4zM8 9h8M8 12h5",
  thread: "M7 4v9a3 3 0 0 0 3 3h9M15.5 12.5 19 16l-3.5 3.5",
  voice: "M4 10v4h3l5 4V6L7 10zM16 9a4 4 0 0 1 0 6",
  at: "M16 12a4 4 0 1 1-1-2.7M16 8v5.5a2.2 2.2 0 0 0 4.4 0V12A8.4 8.4 0 1 0 17 18.8",
  menu: "M4 7h16M4 12h16M4 17h16",
  people: "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11zM3 19c.4-3.4 2.8-5 6-5s5.600 1.600 6 5M16 5a3 3 0 0 1 0 6M18 14.500c1.800.8 2.800 2.400 3 4.500",
  bolt: "M13 3 5 13.500h6L10.500 21 19 10h-6z",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400",
  moon: "M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  down: "M6 9.500l6 6 6-6",
  right: "M9.500 6l6 6-6 6",
  left: "M14.500 6l-6 6 6 6",
  check: "M5 12.500l4.500 4.500L19 7.500",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.300a2.700 2.700 0 1 1 0 5.400 2.700 2.700 0 0 1 0-5.400z",
  out: "M14 4h6v6M20 4l-9 9M18 14v5H5V6h5",
  send: "M4 12 20 4.500 15 20l-3.500-6.500zM11.500 13.500 20 4.500",
  plus: "M12 5v14M5 12h14",
  slash: "M15 4 9 20",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  alert: "M12 4 2.800 20h18.400zM12 10v4.500M12 17.200h.01",
  reply: "M20 18v-3a4 4 0 0 0-4-4H5M9 7l-4 4 4 4",
  tower: "M12 3.500a2.700 2.700 0 1 1 0 5.400 2.700 2.700 0 0 1 0-5.400zM9.700 8.400 6 20.500M14.300 8.400 18 20.500M8.200 13.500h7.600M7.200 17h9.600M8.200 13.500l8.600 3.500M15.800 13.500 7.200 17M4 20.500h16",
  crown: "M4 18h16M4.500 15 3.500 7l5 3.500L12 5l3.500 5.500 5-3.500-1 8z",
};

export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", focusable: "false", class: "icon",
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] || PATHS.hash);
  svg.append(path);
  return svg;
}

/** The sign in front of a channel's name. */
export function channelIcon(type, size = 20) {
  return icon({ 1: "at", 2: "voice", 5: "announce", 10: "thread", 11: "thread", 12: "thread", 15: "forum" }[type] || "hash", size);
}

export function channelKind(type) {
  return { 1: "direct message", 2: "voice channel", 5: "announcement channel", 10: "thread", 11: "thread",
    12: "private thread", 15: "forum" }[type] || "text channel";
}

const HUES = ["#3f6fb5", "#8a5a9e", "#2f7d6b", "#a6553f", "#5f6f2e", "#7a5c3a", "#4f5d75"];

/** A round picture of a user: initials on a colour of their own, or the bot's tower. Decoration only. */
export function avatar(user, size = 40) {
  const shown = el("span", { class: "avatar", "aria-hidden": "true", vars: { "--size": `${size}px` } });
  const name = displayName(user);
  if (user.bot) {
    shown.classList.add("bot");
    shown.append(icon("tower", Math.round(size * 0.66)));
  } else {
    const sum = [...String(user.username)].reduce((a, c) => a + c.charCodeAt(0), 0);
    shown.style.setProperty("--hue", HUES[sum % HUES.length]);
    shown.append([...name][0]?.toUpperCase() ?? "?");
  }
  return shown;
}

export function displayName(user, member) {
  return (member && member.nick) || user.global_name || user.username;
}

/** A number as #rrggbb. */
export const colour = (number) => `#${Number(number).toString(16).padStart(6, "0")}`;

/** A link's address if it is a web address, else null. */
export function webAddress(raw) {
  try {
    const url = new URL(raw, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export function toast(text, kind = "info") {
  const shown = el("div", { class: `toast ${kind}` }, kind === "bad" && icon("alert", 18), el("span", { text }));
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), 6000);
}
