// <toast-stack>: the way back. A toast exists only where something can be undone, did not happen, or is
// ready elsewhere.

import { isTyping, post } from "../lib/dom.js";
import { isLent } from "../lib/lent_focus.js";
import { complain } from "../lib/library_actions.js";
import { recall, remember } from "../lib/store.js";
import { word } from "../lib/words.js";

const STAYS = 8000;
const WAITS = 5000; // milliseconds that a key waits for the act it undoes

class ToastStack extends HTMLElement {
  connectedCallback() {
    if (this.listens) return;
    this.listens = true;
    document.addEventListener("toast:undo", ({ detail }) => this.offer(detail));
    document.addEventListener("toast:say", ({ detail }) => this.offer(detail));
    document.addEventListener("toast:later", ({ detail }) => this.keep(detail));
    document.addEventListener("keydown", (event) => this.key(event));
    this.sent = []; // every act that was sent after the one that the toast undoes, and has not ended
    document.addEventListener("htmx:before:request", ({ detail }) => this.send(detail.ctx));
    document.addEventListener("htmx:finally:request", ({ detail }) => this.end(detail.ctx, detail.ctx.hx?.trigger));
    document.addEventListener("act:sent", ({ detail }) => this.send(detail));
    document.addEventListener("act:ended", ({ detail }) => this.end(detail, detail.trigger));
    const kept = recall("toast");
    if (kept) this.offer(kept);
    remember("toast", null);
  }

  // What is undone is the last act, also while its answer is on the way.
  key(event) {
    const typing = isTyping(event.target) && !isLent(event.target);
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || typing) return;
    const button = this.querySelector("button");
    const last = this.sent.at(-1);
    if (!last && !button) return;
    event.preventDefault();
    if (last) this.wished = { act: last, until: Date.now() + WAITS };
    else button.click();
  }

  send(act) {
    if (act.request?.method !== "GET") this.sent.push(act);
  }

  // The toast of an act is there by now, if it brings one.
  end(act, trigger) {
    const at = this.sent.indexOf(act);
    if (at < 0) return;
    const undoes = trigger?.includes('"toast:undo"');
    this.sent.splice(undoes ? 0 : at, undoes ? at + 1 : 1);
    if (this.wished?.act !== act) return;
    if (undoes && Date.now() < this.wished.until) this.querySelector("button").click();
    this.wished = null;
  }

  // What it is about is gone: the next page says it.
  keep({ go, ...toast }) {
    remember("toast", toast);
    location.assign(go);
  }

  offer({ text, url, link }) {
    const toast = document.createElement("div");
    toast.className = "toast";
    const words = document.createElement("span");
    words.textContent = text;
    toast.append(words);
    if (url) toast.append(this.undoButton(toast, url));
    if (link) toast.append(Object.assign(document.createElement("a"), { href: link, textContent: word("look") }));
    this.standAbove();
    this.replaceChildren(toast);
    this.leaveLater(toast);
  }

  // Nothing outside of a modal dialog can be seen or clicked while it is open.
  standAbove() {
    const dialog = document.querySelector("dialog:modal");
    const home = dialog ?? document.body;
    if (this.parentNode !== home) home.append(this);
    dialog?.addEventListener("close", () => document.body.append(this), { once: true });
  }

  undoButton(toast, url) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word("undo");
    button.addEventListener("click", () => this.undo(toast, url));
    return button;
  }

  leaveLater(toast) {
    let timer = setTimeout(() => toast.remove(), STAYS);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => {
      timer = setTimeout(() => toast.remove(), STAYS);
    });
  }

  async undo(toast, url) {
    toast.remove();
    const { ok, status, html } = await post(url);
    if (!ok) complain(status, html);
    document.dispatchEvent(new CustomEvent("page:refresh"));
  }
}

customElements.define("toast-stack", ToastStack);
