// Speaks to the local Discord (docs/preview-protocol.md): requests, and a live socket that finds its way back.

/** What the server refused, in words for the person. */
export class Refused extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

async function read(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(body?.message ?? `The preview answered ${response.status}.`, body?.code ?? 0, response.status);
  return body;
}

async function ask(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refused("The preview is not running any more. Start it again with “make run”.", 0, 0);
  }
  return read(response);
}

export const get = (path) => ask(path);
export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
export const upload = (file, person) =>
  ask(`/local/uploads?as=${encodeURIComponent(person)}&name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });

/** The live socket of one person. `onEvent(t, d)` for each event, `onLink(open)` when it comes and goes. */
export class Live {
  #person;
  #onEvent;
  #onLink;
  #socket = null;
  #wait = 500;
  #closed = false;

  constructor(person, onEvent, onLink) {
    this.#person = person;
    this.#onEvent = onEvent;
    this.#onLink = onLink;
    this.#open();
  }

  #open() {
    const socket = new WebSocket(`ws://${location.host}/local/events?as=${encodeURIComponent(this.#person)}`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#wait = 500;
      if (!this.#closed) this.#onLink(true);
    });
    socket.addEventListener("message", (event) => {
      if (this.#closed) return;
      const { t, d } = JSON.parse(event.data);
      this.#onEvent(t, d);
    });
    socket.addEventListener("close", () => {
      if (this.#closed) return;
      this.#onLink(false);
      setTimeout(() => !this.#closed && this.#open(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, 8000);
    });
  }

  close() {
    this.#closed = true;
    this.#socket?.close();
  }
}
