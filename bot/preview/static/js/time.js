// Times as Discord writes them, in the reader's own language and zone; relative ones stay true while the page is open.

const LANG = navigator.language;
const format = (options) => new Intl.DateTimeFormat(LANG, options);
const STYLES = {
  t: format({ hour: "numeric", minute: "2-digit" }),
  T: format({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
  d: format({ day: "2-digit", month: "2-digit", year: "numeric" }),
  D: format({ day: "numeric", month: "long", year: "numeric" }),
  f: format({ day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit" }),
  F: format({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit" }),
  s: format({ day: "2-digit", month: "2-digit", year: "numeric", hour: "numeric", minute: "2-digit" }),
  S: format({ day: "2-digit", month: "2-digit", year: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" }),
};
const RELATIVE = new Intl.RelativeTimeFormat(LANG, { numeric: "always" });
const NOW = new Intl.RelativeTimeFormat(LANG, { numeric: "auto" });
const UNITS = [["year", 31536000], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function relative(date, now = Date.now()) {
  const seconds = (date.getTime() - now) / 1000;
  if (Math.abs(seconds) < 1) return NOW.format(0, "second");
  const [unit, size] = UNITS.find(([, s]) => Math.abs(seconds) >= s) || UNITS[UNITS.length - 1];
  return RELATIVE.format(Math.round(seconds / size), unit);
}

/** `style` is the letter of <t:…:R>; anything unknown is the default form. */
export function stamp(date, style) {
  return style === "R" ? relative(date) : (STYLES[style] || STYLES.f).format(date);
}

export const full = (date) => STYLES.F.format(date);
export const clock = (date) => STYLES.t.format(date);
export const dayKey = (date) => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
export const day = (date) => STYLES.D.format(date);

/** "Today at 09:41", "Yesterday at 22:10", "21/11/2026 08:00". */
export function heading(date, now = new Date()) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayKey(date) === dayKey(now)) return `Today at ${clock(date)}`;
  if (dayKey(date) === dayKey(yesterday)) return `Yesterday at ${clock(date)}`;
  return STYLES.s.format(date);
}

/** Rewrite every relative time in view; called once a few seconds. */
export function tick() {
  for (const shown of document.querySelectorAll("time[data-relative]")) {
    const text = relative(new Date(shown.dateTime));
    if (shown.textContent !== text) shown.textContent = text;
  }
}
