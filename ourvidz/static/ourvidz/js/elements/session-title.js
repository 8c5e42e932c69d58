// <session-title>: the head of the workspace; fetched again when the session changed.

import { debounce, fetchHtml, morph } from "../lib/dom.js";

class SessionTitle extends HTMLElement {
  connectedCallback() {
    this.refresh = debounce(() => this.fetch(), 150);
    document.addEventListener("session:changed", this.refresh);
    document.addEventListener("batches:changed", this.refresh);
    document.addEventListener("feed:change", ({ detail }) => {
      if (/^items?\.|^session\./.test(detail.event)) this.refresh();
    });
  }

  async fetch() {
    if (this.contains(document.activeElement) && document.activeElement.matches("input")) return;
    const { ok, html } = await fetchHtml(this.dataset.url);
    if (ok) await morph(this, html);
  }
}

customElements.define("session-title", SessionTitle);
