// Using commands, buttons, menus and modals: sends an interaction and waits for the bot's answer of the same nonce.

import { Refused, post } from "./api.js";

const PATIENCE = 8000; // the server itself gives up after 3 s; this is for a server that is gone

export class Interactions {
  #store;
  #waiting = new Map(); // nonce → {resolve, reject, type}
  #serial = 0;
  #labels = new Map(); // interaction id → the command as it was used; Discord's metadata names only its first word
  onModal = () => {};

  constructor(store) {
    this.#store = store;
    store.on("interaction", ({ t, d }) => this.#hear(t, d));
  }

  /** Send one. Resolves with {t, d} of the answer; rejects with Refused or with what failed, in words. */
  async send(type, data, { channelId = this.#store.channelId, label = "", ...more } = {}) {
    const nonce = `page-${Date.now()}-${++this.#serial}`;
    const channel = this.#store.channelById(channelId);
    const answered = new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(nonce, null, new Refused("The application did not respond", 0, 0)), PATIENCE);
      this.#waiting.set(nonce, { resolve, reject, type, timer, label });
    });
    answered.catch(() => {});
    try {
      await post("/local/interactions", {
        as: this.#store.person, type, nonce, channel_id: channelId, locale: discordLocale(), data,
        ...(channel?.guild_id ? { guild_id: channel.guild_id } : {}), ...more,
      });
    } catch (why) {
      this.#settle(nonce, null, why);
    }
    return answered;
  }

  command(data, label) { return this.send(2, data, { label }); }
  labelOf(id) { return this.#labels.get(id) ?? null; }
  async autocomplete(data) { return (await this.send(4, data)).d.choices ?? []; }
  component(message, data) { return this.send(3, data, { channelId: message.channel_id, message_id: message.id }); }
  modal(modalId, channelId, data) { return this.send(5, data, { channelId, modal_id: modalId }); }

  #hear(t, d) {
    if (t === "INTERACTION_MODAL") this.onModal(d);
    const waiting = this.#waiting.get(d.nonce);
    if (!waiting) return;
    if (waiting.label) this.#labels.set(d.id, waiting.label);
    if (t === "INTERACTION_FAILURE") this.#settle(d.nonce, null, new Refused(d.message, 0, 0));
    else if (t === "INTERACTION_AUTOCOMPLETE" || (t !== "INTERACTION_CREATE" && waiting.type !== 4)) this.#settle(d.nonce, { t, d });
  }

  #settle(nonce, answer, why) {
    const waiting = this.#waiting.get(nonce);
    if (!waiting) return;
    this.#waiting.delete(nonce);
    clearTimeout(waiting.timer);
    if (why) waiting.reject(why);
    else waiting.resolve(answer);
  }
}

const LOCALES = new Set(["en-US", "en-GB", "fr", "es-ES", "es-419"]);

/** The browser's language as one of Discord's locales. */
export function discordLocale(language = navigator.language) {
  if (LOCALES.has(language)) return language;
  const base = language.slice(0, 2);
  if (base === "es") return language === "es" ? "es-ES" : "es-419";
  return base === "fr" ? "fr" : "en-US";
}

/** A name or description in the reader's language, when the bot gave one. */
export function localised(thing, key) {
  return thing[`${key}_localizations`]?.[discordLocale()] ?? thing[key];
}
