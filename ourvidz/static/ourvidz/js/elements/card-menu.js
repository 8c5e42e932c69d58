// <card-menu>: what can be made of a card's picture. One menu for all cards: it opens beside the
// button that asked for it.

import { placeBeside, post } from "../lib/dom.js";
import { complain } from "../lib/library_actions.js";

class CardMenu extends HTMLElement {
  connectedCallback() {
    this.menu = this.querySelector("[popover]");
    document.addEventListener("click", ({ target }) => this.open(target.closest?.('batch-list [data-act="more"]:not([data-shift])')));
    document.addEventListener("card:make", ({ detail }) => this.make(detail.act, detail.source));
    this.addEventListener("click", ({ target }) => this.choose(target.closest("button")));
  }

  open(button) {
    if (!button) return;
    this.card = button.closest(".card");
    for (const entry of this.querySelectorAll("[data-kind]")) entry.hidden = !this.suits(entry.dataset);
    this.menu.showPopover({ source: button });
    placeBeside(this.menu, button);
    this.menu.querySelector("button:not([hidden])").focus();
  }

  // Variations are made by the model that made the picture; everything else by whoever can.
  suits({ kind, needs, edit }) {
    if (edit && !document.querySelector(`[name="preset"][data-can~="${edit}"]`)) return false;
    const model = document.querySelector(`[name="preset"][value="${CSS.escape(this.card.dataset.model)}"]`);
    return kind === this.card.dataset.kind && (needs !== "variation" || model?.dataset.can.includes(needs));
  }

  choose(button) {
    if (!button) return;
    this.menu.hidePopover();
    if (button.dataset.click) this.card.querySelector(`[data-act="${button.dataset.click}"]`).click();
    else if (button.dataset.make) this.make(button.dataset.make);
    else this.give(button.dataset.edit);
  }

  // As a start, or to be changed: by a mask ("inpaint") or by words ("edit").
  give(edit) {
    const { item: id, kind: role, model } = this.card.dataset;
    const picture = this.card.querySelector("img, video");
    const url = picture.poster || picture.src;
    const detail = { id, role, url, name: this.card.ariaLabel, model };
    if (edit === "inpaint") return document.dispatchEvent(new CustomEvent("mask:paint", { detail: { ...detail, url: `/media/${id}/original` } }));
    if (edit) document.dispatchEvent(new CustomEvent("dock:prefer", { detail: { can: edit, model } }));
    document.dispatchEvent(new CustomEvent("dock:give", { detail }));
  }

  async make(act, source = this.card.dataset.item) {
    const values = { act, source, session: this.dataset.session };
    const { ok, status, html } = await post(this.dataset.url, values);
    if (!status) return complain(status, html);
    const target = document.getElementById(ok ? "batches" : "dock-errors");
    if (ok) scrollTo({ top: 0 });
    await window.htmx.swap({ sourceElement: target, target, text: html, swap: ok ? "afterbegin" : "innerHTML" });
  }
}

customElements.define("card-menu", CardMenu);
