// <key-map>: the list of all keys, this page's first, opened with "?" or from the header; what is typed narrows it.

import { isTyping } from "../lib/dom.js";

class KeyMap extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.search = this.querySelector("input");
    this.search.addEventListener("input", () => this.narrow());
    this.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
    document.addEventListener("click", ({ target }) => target.closest?.("[data-keys]") && this.open());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || isTyping(event.target)) return;
      event.preventDefault(); // else the search field, which has the focus now, would get it
      this.open();
    });
  }

  open() {
    if (this.dialog.open) return;
    this.search.value = "";
    this.narrow();
    this.dialog.showModal();
  }

  narrow() {
    const wanted = this.search.value.trim().toLowerCase();
    const rows = [...this.querySelectorAll(".keys > div")];
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    for (const group of this.querySelectorAll("section")) group.hidden = !group.querySelector(".keys > div:not([hidden])");
    this.querySelector("[data-none]").hidden = rows.some((row) => !row.hidden);
  }
}

customElements.define("key-map", KeyMap);
