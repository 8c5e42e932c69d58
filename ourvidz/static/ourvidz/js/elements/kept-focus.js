// <kept-focus>: the focus outlives what had it. What has it in a list of cards or tiles (data-one) hands it to
// the next one when it goes, else to the one before, else, where nothing is left, to a field (data-else). Who
// has the focus elsewhere keeps it. What leaves without having had it ("focus:lost") is for the page's main list,
// not for one beside it (data-beside).

import { isAtNothing, lendFocus } from "../lib/lent_focus.js";

class KeptFocus extends HTMLElement {
  connectedCallback() {
    this.order = [];
    this.listeners = {
      focusin: ({ target }) => this.follow(target),
      // Who clicks beside everything wants the focus nowhere.
      pointerdown: ({ target }) => this.find(target) || (this.held = null),
      "focus:lost": () => "beside" in this.dataset || this.give(),
    };
    for (const [name, act] of Object.entries(this.listeners)) document.addEventListener(name, act);
    // What is drawn anew goes and comes within one turn: looked at once that is over.
    this.observer = new MutationObserver(() => (this.timer ??= setTimeout(() => this.look())));
    this.observer.observe(document.querySelector("main"), { childList: true, subtree: true });
  }

  disconnectedCallback() {
    this.observer.disconnect();
    clearTimeout(this.timer);
    for (const [name, act] of Object.entries(this.listeners)) document.removeEventListener(name, act);
  }

  get all() {
    return [...document.querySelectorAll(this.dataset.one)];
  }

  // A row's own buttons count as its first card.
  find(target) {
    const { one } = this.dataset;
    return target.closest(one) ?? target.closest(".batch")?.querySelector(one);
  }

  follow(target) {
    const one = this.find(target);
    this.held = one ? target : null;
    if (!one) return;
    this.last = one.id;
    this.order = this.all.map(({ id }) => id);
  }

  look() {
    this.timer = null;
    const back = this.gone && document.getElementById(this.gone);
    if (back) this.gone = null;
    if (!isAtNothing()) return;
    if (back) this.focusOn(back);
    else if (this.held && !this.held.isConnected) this.pass();
  }

  // It may be brought back.
  pass() {
    if (!document.getElementById(this.last)) this.gone = this.last;
    this.give();
  }

  give() {
    const one = this.near;
    if (one) this.focusOn(one);
    else lendFocus(document.getElementById(this.dataset.else));
  }

  get near() {
    const at = this.order.indexOf(this.last);
    const ids = [...this.order.slice(Math.max(at, 0)), ...this.order.slice(0, Math.max(at, 0)).reverse()];
    const known = ids.map((id) => document.getElementById(id)).find(Boolean);
    return known ?? this.all.find((one) => one.getBoundingClientRect().bottom > 0);
  }

  focusOn(one) {
    one.querySelector(this.dataset.target)?.focus();
  }
}

customElements.define("kept-focus", KeptFocus);
