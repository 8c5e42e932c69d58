// <item-selection>: many items at once. Space, the Select button, Ctrl + click or a long press choose
// cards, Shift chooses all up to one; the bar acts on them.

import { actOn } from "../lib/library_actions.js";
import { isTyping } from "../lib/dom.js";

const LONG = 500; // milliseconds until a press is a long one
const KEYS = { s: "save", d: "download", c: "compare", Delete: "delete", Backspace: "delete" };

class ItemSelection extends HTMLElement {
  connectedCallback() {
    this.list = document.querySelector("batch-list");
    this.chosen = new Set();
    document.addEventListener("click", (event) => this.click(event), true);
    document.addEventListener("keydown", (event) => this.key(event), true);
    document.addEventListener("batches:changed", () => this.show());
    document.addEventListener("htmx:after:swap", () => this.show());
    this.list.addEventListener("pointerdown", (event) => this.press(event));
    for (const name of ["pointerup", "pointercancel", "pointermove", "scroll"]) {
      addEventListener(name, (event) => this.lift(event), { passive: true });
    }
    this.list.addEventListener("contextmenu", (event) => this.pressed && event.preventDefault());
  }

  get selecting() {
    return this.list.hasAttribute("data-selecting");
  }

  get cards() {
    return [...this.list.querySelectorAll(".card")];
  }

  // In the capturing phase: while somebody selects, a click on a card does nothing else.
  click(event) {
    const { target } = event;
    const act = target.closest("[data-selection]")?.dataset.selection;
    const card = target.closest("batch-list .card");
    const adds = card && (event.ctrlKey || event.metaKey || event.shiftKey) && !target.closest(".tool");
    if (act === "start") this.start(!this.selecting);
    else if (act === "end") this.start(false);
    else if (act) this.act(act, target.closest("[data-url]")?.dataset.url);
    else if (card && (this.selecting || adds || this.pressed)) {
      event.preventDefault();
      event.stopPropagation();
      if (this.pressed) this.pressed = false;
      else this.choose(card, event.shiftKey);
    }
  }

  key(event) {
    if (isTyping(event.target) || document.querySelector("dialog[open], :popover-open")) return;
    const card = event.target.closest?.("batch-list .card");
    const all = event.key === "a" && (event.ctrlKey || event.metaKey);
    if (all && this.cards.length) this.chooseAll();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "Escape" && this.selecting) this.start(false);
    else if (event.key === " " && card && event.target === card) this.choose(card, event.shiftKey);
    else if (this.chosen.size && KEYS[event.key]) this.querySelector(`[data-selection="${KEYS[event.key]}"]`).click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  press({ target, pointerType, clientX, clientY }) {
    const card = target.closest(".card");
    this.pressed = false;
    if (!card || pointerType !== "touch") return;
    this.at = [clientX, clientY];
    this.timer = setTimeout(() => {
      this.pressed = true;
      navigator.vibrate?.(10);
      this.choose(card);
    }, LONG);
  }

  lift({ type, clientX, clientY }) {
    const [x, y] = this.at ?? [clientX, clientY];
    if (type !== "pointermove" || Math.hypot(clientX - x, clientY - y) > 8) clearTimeout(this.timer);
  }

  start(on) {
    this.list.toggleAttribute("data-selecting", on);
    if (!on) this.chosen.clear();
    this.last = null;
    this.show();
  }

  choose(card, range = false) {
    this.list.toggleAttribute("data-selecting", true);
    const { cards } = this;
    const from = cards.indexOf(this.last);
    const to = cards.indexOf(card);
    if (range && from >= 0) for (const one of cards.slice(Math.min(from, to), Math.max(from, to) + 1)) this.add(one);
    else if (!this.chosen.delete(card.dataset.item)) this.add(card);
    this.last = card;
    this.show();
  }

  chooseAll() {
    this.list.toggleAttribute("data-selecting", true);
    for (const card of this.cards) this.add(card);
    this.show();
  }

  add(card) {
    this.chosen.add(card.dataset.item);
  }

  show() {
    const present = new Set();
    for (const card of this.cards) {
      present.add(card.dataset.item);
      card.toggleAttribute("data-selected", this.chosen.has(card.dataset.item));
    }
    for (const item of this.chosen) if (!present.has(item)) this.chosen.delete(item);
    if (!this.selecting && this.contains(document.activeElement)) document.dispatchEvent(new CustomEvent("focus:lost"));
    this.hidden = !this.selecting;
    this.querySelector("[data-count]").textContent = this.chosen.size;
    for (const button of this.querySelectorAll("[data-needs]")) button.disabled = this.chosen.size < button.dataset.needs;
    document.querySelector('[data-selection="start"]')?.setAttribute("aria-pressed", String(this.selecting));
  }

  async act(name, url) {
    if (!this.chosen.size) return;
    const items = this.cards.map((card) => card.dataset.item).filter((item) => this.chosen.has(item));
    if (name === "download") return this.download(url, items);
    if (name === "compare") return document.dispatchEvent(new CustomEvent("items:compare", { detail: items }));
    const project = document.getElementById("save-into")?.value ?? "";
    if (await actOn(url, { act: name, items: items.join(","), project })) this.start(false);
  }

  // One file comes as it is, several in one archive.
  download(url, items) {
    const link = document.createElement("a");
    link.href = items.length > 1 ? `${url}?items=${items.join(",")}` : `/media/${items[0]}/download`;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
  }
}

customElements.define("item-selection", ItemSelection);
