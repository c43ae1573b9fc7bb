// The way back to the newest message, offered to someone who reads further up.

import { el, icon } from "./dom.js";

export class Present {
  #count = 0;
  #words = el("span");
  #button;

  constructor(composer, run) {
    this.#button = el("button", { type: "button", class: "present", hidden: true, on: { click: run } }, this.#words, icon("down", 18));
    composer.before(this.#button);
  }

  /** Something came that the reader does not see. */
  came() { this.#count += 1; }

  /** `low`: is the reader at the end? `far`: so far up that the way back is worth a button without news? */
  show({ low, far }) {
    if (low) this.#count = 0;
    this.#button.hidden = low || !(far || this.#count);
    const words = this.#count ? `${this.#count} new ${this.#count === 1 ? "message" : "messages"}` : "Jump to present";
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}
