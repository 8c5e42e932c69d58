// <session-title>: the head of the workspace; fetched again when the session changed.

import { debounce, fetchHtml, morph } from "../lib/dom.js";
import { isAtNothing } from "../lib/lent_focus.js";

class SessionTitle extends HTMLElement {
  connectedCallback() {
    this.refresh = debounce(() => this.fetch(), 400);
    document.addEventListener("session:changed", this.refresh);
    document.addEventListener("batches:changed", this.refresh);
    document.addEventListener("feed:change", ({ detail }) => {
      if (this.counts(detail)) this.refresh();
    });
  }

  // What the head tells: the name, how many items there are, how many of them are saved.
  counts({ event, fields }) {
    if (event === "item.changed") return fields.status === "saved";
    return event.startsWith("item") || event.startsWith("session.");
  }

  async fetch() {
    if (this.contains(document.activeElement) && document.activeElement.matches("input")) return;
    const { ok, html } = await fetchHtml(this.dataset.url);
    const hadFocus = this.contains(document.activeElement);
    if (ok) await morph(this, html);
    // There is nothing left to clear, for example.
    if (hadFocus && isAtNothing()) document.dispatchEvent(new CustomEvent("focus:lost"));
  }
}

customElements.define("session-title", SessionTitle);
