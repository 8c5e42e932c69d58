// <finish-notice data-workspace>: tells people that something is ready while they are elsewhere: on
// another page by a toast, in another tab by the title, and by the browser where they asked for it.
// On the page itself it is seen; whoever listens to the page hears it.

import { recallLater, rememberLater } from "../lib/store.js";
import { word } from "../lib/words.js";

const GATHER = 1500; // several of one batch are one notice

class FinishNotice extends HTMLElement {
  connectedCallback() {
    this.items = new Map();
    this.unseen = 0;
    this.plain = document.title;
    document.addEventListener("feed:change", ({ detail }) => this.hear(detail));
    document.addEventListener("visibilitychange", () => document.hidden || this.seen());
    document.addEventListener("click", ({ target }) => target.closest?.("[data-notify]") && this.ask());
    this.show();
  }

  get isElsewhere() {
    return document.hidden || !document.querySelector("batch-list");
  }

  hear({ event, ids, fields }) {
    if (event !== "item.changed" || !["generated", "failed"].includes(fields.status)) return;
    // A card that is deleted or saved again tells nothing new.
    if (fields.status === "failed" && fields.job_status !== "failed") return;
    if (!fields.job_status) return;
    this.items.set(ids.item, fields.status);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), GATHER);
  }

  tell() {
    const ready = [...this.items.values()].filter((status) => status === "generated").length;
    const text = ready ? word(ready === 1 ? "ready_one" : "ready_many", ready) : word("ready_none", this.items.size);
    const count = this.items.size;
    this.items.clear();
    this.textContent = this.isElsewhere ? "" : text;
    if (!this.isElsewhere) return;
    this.unseen += count;
    if (document.hidden) this.plain ||= document.title;
    if (document.hidden) document.title = `(${this.unseen}) ${this.plain}`;
    const link = document.querySelector("batch-list") ? "" : this.dataset.workspace;
    if (link) document.dispatchEvent(new CustomEvent("toast:say", { detail: { text, link } }));
    if (document.hidden && this.allowed) this.notify(text);
  }

  notify(text) {
    const notice = new Notification("OurVidz", { body: text, tag: "ourvidz", icon: this.dataset.icon });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  }

  seen() {
    if (this.unseen) document.title = this.plain;
    this.unseen = 0;
    this.plain = document.title;
  }

  // --- Whether the browser may say it: asked once, by a click, and taken back by another.

  get allowed() {
    return "Notification" in window && Notification.permission === "granted" && recallLater("notify") === true;
  }

  async ask() {
    const wanted = !this.allowed;
    if (wanted && (await Notification.requestPermission()) !== "granted") {
      document.dispatchEvent(new CustomEvent("toast:say", { detail: { text: word("notify_blocked") } }));
      return;
    }
    rememberLater("notify", wanted);
    this.show();
  }

  show() {
    for (const button of document.querySelectorAll("[data-notify]")) {
      button.hidden = !("Notification" in window);
      button.setAttribute("aria-pressed", String(this.allowed));
    }
  }
}

customElements.define("finish-notice", FinishNotice);
