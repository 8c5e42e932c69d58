// <worker-list>: the operators' workers. A worker that changes is fetched as the server sees it, at
// most once a second each; one that the page does not know yet brings the whole list. So does a feed that
// is heard (again), since what was told meanwhile is lost.

import { bring, debounce } from "../lib/dom.js";

const PAUSE = 1000;

class WorkerList extends HTMLElement {
  connectedCallback() {
    this.waiting = new Set();
    this.later = debounce(() => this.refresh(), PAUSE);
    this.heard = ({ detail }) => detail.event === "fleet.worker" && this.follow(detail.fields ?? detail);
    this.found = ({ detail }) => detail.state === "live" && this.dataset.url && bring(this, this.dataset.url);
    document.addEventListener("feed:moment", this.heard);
    document.addEventListener("feed:state", this.found);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:moment", this.heard);
    document.removeEventListener("feed:state", this.found);
  }

  follow({ worker }) {
    // Asked for already: a busy fleet must not put its own refresh off for ever.
    if (this.waiting.size === 0) this.later();
    this.waiting.add(worker);
  }

  async refresh() {
    const changed = [...this.waiting];
    this.waiting.clear();
    const rows = changed.map((id) => document.getElementById(`worker-${id}`));
    const unknown = rows.some((row) => row === null);
    if (unknown && this.dataset.url) return bring(this, this.dataset.url);
    await Promise.all(rows.filter(Boolean).map((row) => bring(row, row.dataset.url)));
  }
}

customElements.define("worker-list", WorkerList);
