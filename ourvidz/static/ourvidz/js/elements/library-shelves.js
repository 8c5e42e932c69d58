// <library-shelves>: the column with counts and projects; fetched again when one of them changed.

import { debounce, fetchHtml, morph } from "../lib/dom.js";

class LibraryShelves extends HTMLElement {
  connectedCallback() {
    this.refresh = debounce(() => this.fetch().catch(() => {}), 200);
    this.heard = ({ detail }) => /^(media|project|reference)\./.test(detail.event) && this.refresh();
    document.addEventListener("feed:change", this.heard);
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) document.addEventListener(name, this.refresh);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:change", this.heard);
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) document.removeEventListener(name, this.refresh);
  }

  async fetch() {
    const { ok, html } = await fetchHtml(this.dataset.url);
    if (ok) await morph(this, html, true);
  }
}

customElements.define("library-shelves", LibraryShelves);
