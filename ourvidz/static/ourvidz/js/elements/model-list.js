// <model-list>: the operators' models. A fetch's progress paints directly; when it ends, its row is
// fetched as the server sees it. A feed that is heard (again) brings the whole list, since what was told
// meanwhile is lost.

import { bring } from "../lib/dom.js";

class ModelList extends HTMLElement {
  connectedCallback() {
    this.heard = ({ detail }) => detail.event === "fleet.model" && this.follow(detail.fields ?? detail);
    this.found = ({ detail }) => detail.state === "live" && bring(this, this.dataset.url);
    document.addEventListener("feed:moment", this.heard);
    document.addEventListener("feed:state", this.found);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:moment", this.heard);
    document.removeEventListener("feed:state", this.found);
  }

  follow({ model, state, done, of }) {
    const row = document.getElementById(`model-${model}`);
    const bar = row?.querySelector("progress");
    if (!row) return;
    if (state !== "running" || !bar) return bring(row, `${this.dataset.url}?${new URLSearchParams({ model })}`);
    bar.value = Math.round((100 * done) / Math.max(of, 1));
    row.querySelector(".model__percent").textContent = `${bar.value} %`;
  }
}

customElements.define("model-list", ModelList);
