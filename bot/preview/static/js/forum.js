// A forum: its posts, newest first, as cards that open the post.

import { el, icon } from "./dom.js";
import { full, relative } from "./time.js";

const born = (id) => new Date(Number((BigInt(id) >> 22n) + 1420070400000n));

export function forum(store, channel) {
  const tags = new Map((channel.available_tags ?? []).map((t) => [t.id, t.name]));
  const posts = store.threads(channel.id).sort((a, b) => (BigInt(a.last_message_id ?? a.id) < BigInt(b.last_message_id ?? b.id) ? 1 : -1));
  const about = channel.topic || "One story, one post.";
  return el("section", { class: "forum", "aria-label": "Posts" }, el("p", { class: "forum-about", text: about }),
    posts.length ? el("ul", { class: "posts" }, posts.map((post) => card(post, tags, store)))
      : el("p", { class: "empty-note" }, icon("forum", 28), el("span", { text: "No posts yet. Follow something here as the moderator, and each story becomes a post." })));
}

function card(post, tags, store) {
  const at = born(post.last_message_id ?? post.id);
  return el("li", {}, el("button", { type: "button", class: "post", data: { channel: post.id } },
    el("span", { class: "post-tags" }, (post.applied_tags ?? []).map((id) => tags.has(id) && el("span", { class: "tag", text: tags.get(id) }))),
    el("b", { text: post.name }),
    el("span", { class: "post-about" }, el("b", { text: store.userName(post.owner_id) }), " · ", icon("forum", 14),
      ` ${post.message_count ? (post.message_count === 1 ? "1 reply" : `${post.message_count} replies`) : "no replies"} · `,
      el("time", { datetime: at.toISOString(), title: full(at), "data-relative": true, text: relative(at) }))));
}
