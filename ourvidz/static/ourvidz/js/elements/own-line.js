// <own-line>: everything of one's own that waits, on its page or in a dialog that any link with
// data-line opens. Places paint from moments of the feed; what changed is fetched and morphed.

import { debounce, fetchHtml, isTyping, morph, post } from "../lib/dom.js";
import { carry } from "../lib/carry_row.js";
import { span, word } from "../lib/words.js";

const TOUCHING = ["item.", "items.", "job.", "session."];
const BECOMES = { pause: "resume", resume: "pause" }; // the button that takes its place
const KEYS = { ArrowUp: "earlier", ArrowDown: "later", Home: "first", End: "last" };

class OwnLine extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.body = this.querySelector("[data-body]");
    this.settle = debounce(() => this.refresh().catch(() => {}), 200);
    this.listeners = {
      "feed:change": ({ detail }) => TOUCHING.some((start) => detail.event.startsWith(start)) && this.settle(),
      "feed:moment": ({ detail }) => detail.event === "queue.places" && this.paint(detail.fields ?? detail),
      "feed:gap": this.settle,
      "page:refresh": this.settle,
      click: (event) => this.asked(event),
      keydown: (event) => this.shortcut(event),
    };
    for (const [name, act] of Object.entries(this.listeners)) document.addEventListener(name, act);
    this.addEventListener("submit", (event) => this.submitted(event));
    this.addEventListener("click", (event) => this.more(event));
    this.addEventListener("keydown", (event) => this.step(event));
    this.addEventListener("pointerdown", (event) => this.grab(event));
    this.dialog?.addEventListener("close", () => this.body.replaceChildren());
  }

  disconnectedCallback() {
    for (const [name, act] of Object.entries(this.listeners)) document.removeEventListener(name, act);
  }

  get list() {
    return this.querySelector("ol");
  }

  get isShown() {
    return !this.dialog || this.dialog.open;
  }

  // --- Opening

  asked(event) {
    const link = event.target.closest?.("a[data-line]");
    if (!link || !this.dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.closest("[popover]")?.hidePopover();
    this.open(link.href);
  }

  shortcut(event) {
    const plain = this.dialog && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key !== "q" || !plain || document.querySelector("dialog[open]")) return;
    this.open(this.dataset.url);
  }

  // What is shown is there before the dialog is; where it cannot be fetched, the page may tell why.
  async open(url) {
    const { ok, html } = await fetchHtml(this.dataset.url);
    if (!ok) return location.assign(url);
    this.body.innerHTML = html;
    this.refused("");
    if (!this.dialog.open) this.dialog.showModal();
  }

  // --- Following

  async refresh() {
    if (!this.isShown || this.busy) return;
    const { ok, html } = await fetchHtml(`${this.dataset.url}?shown=${this.shown}`);
    if (ok && !this.busy) await this.become(html);
  }

  get shown() {
    return this.list?.dataset.shown ?? "";
  }

  // A row that was moved keeps the focus of the button that moved it.
  async become(html) {
    const { activeElement } = document;
    const row = this.contains(activeElement) ? activeElement.closest("[data-job]") : null;
    const number = row ? [...this.list.children].indexOf(row) : -1;
    const name = activeElement?.value;
    await morph(this.body, html, true);
    if (row) this.focusAgain(document.getElementById(row.id) ?? this.list?.children[number], name);
  }

  focusAgain(row, name) {
    const button = (value) => value && row?.querySelector(`[value="${value}"]:enabled`);
    const wanted = button(name) || button(BECOMES[name]);
    (wanted || row?.querySelector("[data-grip]") || this.querySelector("[data-close], a"))?.focus();
  }

  paint({ places = {} }) {
    if (!this.isShown) return;
    for (const [job, { place, start, seconds }] of Object.entries(places)) {
      const row = document.getElementById(`line-${job}`);
      const inLine = row?.querySelector("[data-place]");
      if (!inLine) continue;
      inLine.textContent = place === 1 ? word("next") : word("place", place);
      const times = start == null ? word("no_worker") : `${span("starts", start)} · ${span("ready", seconds)}`;
      row.querySelector("[data-times]").textContent = times;
    }
  }

  // --- Doing

  submitted(event) {
    event.preventDefault();
    const { value } = event.submitter;
    this.act(event.target.closest("[data-job]"), { act: value });
  }

  async act(row, values) {
    if (this.busy || !row) return;
    this.busy = true;
    const { job } = row.dataset;
    const url = row.querySelector("form").action;
    const { ok, html } = await post(url, { ...values, shown: this.shown });
    this.busy = false;
    this.refused(ok ? "" : html || word("not_saved"));
    await (ok ? this.become(html) : this.refresh());
    if (ok) this.say(job, values.act);
  }

  refused(html) {
    this.querySelector("[data-refused]").innerHTML = html;
  }

  say(job, act) {
    const row = document.getElementById(`line-${job}`);
    const moved = row && !["pause", "resume"].includes(act);
    const text = moved ? word("moved", [...this.list.children].indexOf(row) + 1) : "";
    this.querySelector("[data-said]").textContent = text;
  }

  async more(event) {
    const link = event.target.closest("[data-more]");
    if (!link) return;
    event.preventDefault();
    this.list.dataset.shown = link.dataset.more;
    await this.refresh();
  }

  // --- Moving

  step(event) {
    const act = KEYS[event.key];
    if (!act || !event.target.matches("[data-grip]")) return;
    event.preventDefault();
    if (event.repeat && this.busy) return;
    const { id } = event.target.closest("[data-job]");
    // One after the other: who presses fast means every press.
    this.steps = Promise.resolve(this.steps).then(() => this.act(document.getElementById(id), { act }));
  }

  async grab(event) {
    const row = event.button === 0 && event.target.closest("[data-grip]")?.closest("[data-job]");
    if (!row || this.busy) return;
    this.busy = true;
    const next = row.nextElementSibling;
    const dropped = await carry(row, event);
    this.busy = false;
    if (dropped && row.nextElementSibling !== next) {
      const before = row.nextElementSibling?.dataset.job ?? this.list.dataset.next;
      await this.act(row, { act: "before", before });
    } else await this.refresh();
  }
}

customElements.define("own-line", OwnLine);
