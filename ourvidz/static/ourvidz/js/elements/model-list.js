// <model-list>: the operators' models. A fetch's progress paints directly; when it ends, its row is
// fetched as the server sees it.

import { fetchHtml, morph } from "../lib/dom.js";

class ModelList extends HTMLElement {
  connectedCallback() {
    this.heard = ({ detail }) => detail.event === "fleet.model" && this.follow(detail.fields ?? detail);
    document.addEventListener("feed:moment", this.heard);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:moment", this.heard);
  }

  follow({ model, state, done, of }) {
    const row = document.getElementById(`model-${model}`);
    const bar = row?.querySelector("progress");
    if (!row) return;
    if (state !== "running" || !bar) return this.refresh(row, model);
    bar.value = Math.round((100 * done) / Math.max(of, 1));
    row.querySelector(".model__percent").textContent = `${bar.value} %`;
  }

  async refresh(row, model) {
    const { ok, html } = await fetchHtml(`${this.dataset.url}?${new URLSearchParams({ model })}`);
    if (ok) await morph(row, html);
  }
}

customElements.define("model-list", ModelList);
