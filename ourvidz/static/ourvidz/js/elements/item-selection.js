// <item-selection>: many items at once. Space or the Select button choose cards, the bar acts on them.

import { actOn } from "../lib/library_actions.js";
import { isTyping } from "../lib/dom.js";

class ItemSelection extends HTMLElement {
  connectedCallback() {
    this.list = document.querySelector("batch-list");
    this.chosen = new Set();
    document.addEventListener("click", (event) => this.click(event), true);
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("batches:changed", () => this.show());
    document.addEventListener("htmx:after:swap", () => this.show());
  }

  get selecting() {
    return this.list.hasAttribute("data-selecting");
  }

  // In the capturing phase: while somebody selects, a click on a card does nothing else.
  click(event) {
    const { target } = event;
    const act = target.closest("[data-selection]")?.dataset.selection;
    if (act === "start") this.start(!this.selecting);
    else if (act === "end") this.start(false);
    else if (act) this.act(act, target.closest("[data-url]").dataset.url);
    else if (this.selecting && target.closest("batch-list .card")) {
      event.preventDefault();
      event.stopPropagation();
      this.toggle(target.closest(".card"));
    }
  }

  key(event) {
    if (isTyping(event.target) || document.querySelector("dialog[open], :popover-open")) return;
    const card = event.target.closest?.("batch-list .card");
    if (event.key === "Escape" && this.selecting) this.start(false);
    if (event.key !== " " || event.target !== card) return;
    event.preventDefault();
    this.start(true);
    this.toggle(card);
  }

  start(on) {
    this.list.toggleAttribute("data-selecting", on);
    if (!on) this.chosen.clear();
    this.show();
  }

  toggle(card) {
    const { item } = card.dataset;
    if (!this.chosen.delete(item)) this.chosen.add(item);
    this.show();
  }

  show() {
    const present = new Set();
    for (const card of this.list.querySelectorAll(".card")) {
      present.add(card.dataset.item);
      card.toggleAttribute("data-selected", this.chosen.has(card.dataset.item));
    }
    for (const item of this.chosen) if (!present.has(item)) this.chosen.delete(item);
    this.hidden = !this.selecting;
    this.querySelector("[data-count]").textContent = this.chosen.size;
    document.querySelector('[data-selection="start"]')?.setAttribute("aria-pressed", String(this.selecting));
  }

  async act(name, url) {
    if (!this.chosen.size) return;
    const done = await actOn(url, { act: name, items: [...this.chosen].join(",") });
    if (done) this.start(false);
  }
}

customElements.define("item-selection", ItemSelection);
