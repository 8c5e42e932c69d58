// <library-shelves>: the column with counts, projects, tags and saved searches; fetched again when one of
// them changed. Tiles are dropped on its projects; the dialog of a search to save belongs to it.

import { debounce, fetchHtml, morph } from "../lib/dom.js";
import { actOn } from "../lib/library_actions.js";

const CARRIED = "application/x-ourvidz-media";

class LibraryShelves extends HTMLElement {
  connectedCallback() {
    this.refresh = debounce(() => this.fetch().catch(() => {}), 200);
    this.heard = ({ detail }) => /^(media|project|reference|library)\./.test(detail.event) && this.refresh();
    document.addEventListener("feed:change", this.heard);
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) document.addEventListener(name, this.refresh);
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) this.addEventListener(name, (event) => this.drag(event));
    this.addEventListener("click", ({ target }) => this.forget(target.closest("[data-forget]")));
    this.saved = (event) => event.target.matches?.("[data-save-search]") && this.save(event);
    document.addEventListener("submit", this.saved);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:change", this.heard);
    document.removeEventListener("submit", this.saved);
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) document.removeEventListener(name, this.refresh);
  }

  drag(event) {
    const project = event.target.closest("[data-project]");
    if (!project || !event.dataTransfer.types.includes(CARRIED)) return;
    event.preventDefault();
    project.toggleAttribute("data-over", event.type !== "dragleave" && event.type !== "drop");
    if (event.type !== "drop") return;
    const media = event.dataTransfer.getData(CARRIED);
    actOn(this.dataset.move, { media, project: project.dataset.project });
    document.dispatchEvent(new CustomEvent("selection:clear"));
  }

  forget(button) {
    if (button) actOn(button.dataset.forget, {});
  }

  // What is searched for now stands in the address.
  async save(event) {
    event.preventDefault();
    const form = event.target;
    form.elements.query.value = location.search.slice(1);
    if (!form.elements.name.value.trim()) return form.elements.name.focus();
    if (!(await actOn(form.action, new FormData(form)))) return;
    form.reset();
    form.closest("dialog").close();
  }

  async fetch() {
    const { ok, html } = await fetchHtml(this.dataset.url);
    if (ok) await morph(this, html, true);
  }
}

customElements.define("library-shelves", LibraryShelves);
