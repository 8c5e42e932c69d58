// <reference-list> and <reference-upload>: uploaded pictures; files can be chosen or dropped on the page.

import { debounce, fetchHtml, morph } from "../lib/dom.js";
import { actOn } from "../lib/library_actions.js";

class ReferenceList extends HTMLElement {
  connectedCallback() {
    this.refresh = debounce(() => this.fetch().catch(() => {}), 150);
    this.heard = ({ detail }) => detail.event.startsWith("reference.") && this.refresh();
    document.addEventListener("feed:change", this.heard);
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) document.addEventListener(name, this.refresh);
    this.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-delete]");
      if (!button) return;
      this.querySelector(".refusals")?.remove();
      actOn(button.dataset.delete, {});
    });
  }

  disconnectedCallback() {
    document.removeEventListener("feed:change", this.heard);
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) document.removeEventListener(name, this.refresh);
  }

  // What was refused stays readable until the next upload.
  async fetch() {
    if (this.querySelector(".refusals")) return;
    const { ok, html } = await fetchHtml(this.dataset.url);
    if (ok) await morph(this, html, true);
  }
}

class ReferenceUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.form.elements.file;
    this.input.addEventListener("change", () => this.send());
    this.form.addEventListener("htmx:after:swap", () => this.form.reset());
    this.over = (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault();
    this.dropped = (event) => this.take(event);
    document.addEventListener("dragover", this.over);
    document.addEventListener("drop", this.dropped);
  }

  disconnectedCallback() {
    document.removeEventListener("dragover", this.over);
    document.removeEventListener("drop", this.dropped);
  }

  take(event) {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.input.files = event.dataTransfer.files;
    this.send();
  }

  send() {
    if (this.input.files.length) this.form.requestSubmit();
  }
}

customElements.define("reference-list", ReferenceList);
customElements.define("reference-upload", ReferenceUpload);
