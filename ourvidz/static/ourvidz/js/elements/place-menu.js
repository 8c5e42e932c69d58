// <place-menu>: where a waiting job stands in one's own line. One menu for all cards: it opens beside
// the button that asked for it.

import { morph, placeBeside, post } from "../lib/dom.js";
import { complain } from "../lib/library_actions.js";

class PlaceMenu extends HTMLElement {
  connectedCallback() {
    this.menu = this.querySelector("[popover]");
    this.asked = ({ target }) => this.open(target.closest?.("[data-shift]"));
    document.addEventListener("click", this.asked);
    this.addEventListener("click", ({ target }) => this.choose(target.closest("[data-to]")));
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.asked);
  }

  open(button) {
    if (!button) return;
    this.button = button;
    this.menu.showPopover({ source: button });
    placeBeside(this.menu, button);
    this.menu.querySelector("button").focus();
  }

  async choose(entry) {
    if (!entry) return;
    this.menu.hidePopover();
    const card = this.button.closest("item-card");
    const { ok, status, html } = await post(this.button.dataset.shift, { act: entry.dataset.to, answer: "card" });
    if (ok) return morph(card, html);
    if (!status) return complain(status, html);
    const target = document.getElementById("dock-errors");
    await window.htmx.swap({ sourceElement: target, target, text: html, swap: "innerHTML" });
    await card.refresh();
  }
}

customElements.define("place-menu", PlaceMenu);
