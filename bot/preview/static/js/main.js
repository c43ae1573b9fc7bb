// Starts the page: builds the parts, keeps the address, theme, drawers and shortcuts.

import { Composer } from "./composer.js";
import { Controls } from "./controls.js";
import { toast } from "./dom.js";
import { Frame } from "./frame.js";
import { Interactions } from "./interactions.js";
import { openModal } from "./modal.js";
import { Room } from "./room.js";
import { Store } from "./store.js";
import { tick } from "./time.js";

const store = new Store();
const interactions = new Interactions(store);
const narrow = matchMedia("(max-width: 1000px)");
const phone = matchMedia("(max-width: 720px)");
const parts = { left: document.getElementById("left"), right: document.getElementById("right") };
const scrim = document.getElementById("scrim");

const room = new Room(store, interactions, { onDrawer: (side, target) => drawer(side, target) });
const frame = new Frame(store, interactions);
new Controls(store);
new Composer(store, interactions, room);

interactions.onModal = (d) => openModal(d, store, interactions);
frame.onDm = () => store.openDm().then(closeDrawers).catch((why) => toast(why.message, "bad"));
frame.onShown = () => closeDrawers();
frame.onBecome = (id) => become(id);

async function become(who, wished) {
  try {
    await store.become(who, wished);
  } catch (why) {
    toast(why.message, "bad");
  }
}

// -- the address: #person/channel ---------------------------------------------------------------------------------

store.on("room", () => history.replaceState(null, "", `#${store.personKey}/${store.channelId ?? ""}`));

// What was drawn before it was known what commands are called in the reader's language.
store.on("labels", () => {
  for (const named of document.querySelectorAll("button[data-command]")) named.textContent = `/${store.places.command(named.dataset.command)}`;
});

function wishedAddress() {
  const [who, channel] = location.hash.slice(1).split("/");
  return { who: who || null, channel: channel || null };
}

addEventListener("hashchange", () => {
  const { who, channel } = wishedAddress();
  if (who && who !== store.personKey) become(who, channel);
  else if (channel && channel !== store.channelId) store.show(channel);
});

// -- light and dark -----------------------------------------------------------------------------------------------

const root = document.documentElement;
const wantsLight = matchMedia("(prefers-color-scheme: light)");
const paint = () => { root.dataset.theme = localStorage.getItem("theme") ?? (wantsLight.matches ? "light" : "dark"); };
paint();
wantsLight.addEventListener("change", paint);
room.onTheme = () => {
  localStorage.setItem("theme", root.dataset.theme === "light" ? "dark" : "light");
  paint();
  room.redrawHead();
  document.querySelector(".icon-button.theme")?.focus();
};

// -- drawers ------------------------------------------------------------------------------------------------------

let returnTo = null;

function isDrawer(side) { return side === "left" ? phone.matches : narrow.matches; }

function drawer(side, target) {
  if (!isDrawer(side)) {
    if (side !== "right") return;
    root.classList.toggle("no-right", target === "members" ? !root.classList.contains("no-right") : false);
    if (target === "controls") focusInto(document.getElementById("controls"));
    return;
  }
  returnTo = document.activeElement;
  parts[side].classList.add("open");
  scrim.hidden = false;
  settle();
  focusInto(target ? document.getElementById(target) : parts[side]);
}

function focusInto(box) {
  box.scrollIntoView({ block: "nearest" });
  box.querySelector("summary, button, input, textarea, select")?.focus();
}

function closeDrawers() {
  const open = parts.left.classList.contains("open") || parts.right.classList.contains("open");
  for (const part of Object.values(parts)) part.classList.remove("open");
  scrim.hidden = true;
  settle();
  if (open && returnTo?.isConnected) returnTo.focus({ preventScroll: true });
}

/** What cannot be seen cannot be reached; what is behind an open drawer neither. */
function settle() {
  const open = Object.values(parts).find((part) => part.classList.contains("open"));
  for (const side of ["left", "right"]) parts[side].inert = open ? open !== parts[side] : isDrawer(side);
  document.getElementById("room").inert = Boolean(open);
}

scrim.addEventListener("click", closeDrawers);
for (const query of [narrow, phone]) query.addEventListener("change", () => { closeDrawers(); settle(); });

// -- keys ---------------------------------------------------------------------------------------------------------

addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, textarea, select, dialog, [role=menu], [role=listbox]");
  if (event.key === "Escape" && !scrim.hidden) closeDrawers();
  else if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.querySelector(".icon-button.slash")?.click();
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const all = [...document.querySelectorAll(".channel[data-channel]")];
    const at = all.findIndex((c) => c.dataset.channel === store.channelId);
    const next = all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length];
    if (next) store.show(next.dataset.channel);
    event.preventDefault();
  }
});

// -- go -----------------------------------------------------------------------------------------------------------

setInterval(tick, 5000);
settle();
const { who, channel } = wishedAddress();
await become(who, channel);
if (!store.frame) {
  document.getElementById("messages").textContent = "The preview could not be read. Is it running? Reload to try again.";
}
