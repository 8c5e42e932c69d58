// <batch-list>: the rows of a session. The feed says what changed; how it looks is fetched.

import { debounce, fetchHtml, isTyping, morph } from "../lib/dom.js";
import { fillRows } from "../lib/hollow_rows.js";
import { comeBackToPlace, keepPlace } from "../lib/kept_place.js";
import { isAtNothing } from "../lib/lent_focus.js";
import { tellPresence } from "../lib/presence.js";
import { recall, remember } from "../lib/store.js";

const PAGE = 24; // what the server sends without being asked for more
const LONGEST_PAUSE = 30_000;
const TOOLS = ":is(.tool, .button, .batch__more, a.chip)";
const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const KEYS = { s: "save", d: "download", r: "regenerate", c: "cancel", m: "more", e: "change", h: "hold", Delete: "delete", Backspace: "delete" };

class BatchList extends HTMLElement {
  connectedCallback() {
    remember("session", this.dataset.session);
    this.settle = debounce(() => this.refresh(), 300);
    const listen = (name, act) => document.addEventListener(name, act);
    listen("feed:change", ({ detail }) => this.follow(detail));
    listen("feed:moment", ({ detail }) => this.paint(detail));
    listen("feed:gap", () => this.refresh());
    listen("page:refresh", () => this.refresh());
    listen("batches:changed", () => this.count());
    listen("keydown", (event) => this.enter(event));
    this.addEventListener("keydown", (event) => this.walk(event));
    this.addEventListener("focusin", ({ target }) => this.arrive(target.closest(".card"), target.closest(".batch")));
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("contentvisibilityautostatechange", ({ target, skipped }) => skipped || this.markLong(target));
    // A row that arrives twice (by the answer and by the feed) stays one row.
    listen("htmx:before:swap", ({ detail }) => detail.tasks?.forEach((task) => this.dropTwins(task)));
    listen("htmx:after:swap", () => this.count());
    listen("feed:state", ({ detail }) => detail.state === "live" && this.fill());
    const rest = debounce(() => this.mark(), 150);
    addEventListener("scroll", rest, { passive: true });
    addEventListener("resize", rest, { passive: true });
    tellPresence(this.dataset);
    this.choose(this.remembered, false);
    comeBackToPlace(this.rows);
    this.markLong();
    this.fill();
  }

  // What cannot be had now is asked for again, a little later each time.
  async fill(pause = 1000) {
    if (this.filling) return;
    this.filling = true;
    clearTimeout(this.refill);
    const whole = await fillRows(this, this.dataset.url).catch(() => false);
    this.filling = false;
    if (!whole) this.refill = setTimeout(() => this.fill(Math.min(2 * pause, LONGEST_PAUSE)), pause);
  }

  get rows() {
    return [...this.querySelectorAll(".batch")];
  }

  // A reload brings as many as there are now, and first those in view, so that it comes back to the same
  // place.
  mark() {
    const { cards } = this;
    const at = keepPlace(this.rows)?.row.replace("batch-", "");
    const url = new URL(location.href);
    const told = { loaded: cards.length > PAGE ? cards.length : null, at };
    for (const [name, value] of Object.entries(told)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  get cards() {
    return [...this.querySelectorAll(".card")];
  }

  get remembered() {
    return document.getElementById(recall("selection") ?? "") ?? this.cards[0];
  }

  card(item) {
    return document.getElementById(`item-${item}`);
  }

  follow({ event, ids, fields }) {
    if (ids.session !== this.dataset.session) return;
    if (event === "session.removed" && !document.querySelector("[data-leaves].htmx-request")) {
      document.dispatchEvent(new CustomEvent("session:gone", { detail: { go: "/workspace/" } }));
    }
    if (event === "items.created") this.adding = Promise.allSettled([this.adding, this.add(ids.batch)]);
    else if (event === "item.changed" && this.card(ids.item)) this.card(ids.item).follow(fields);
    else if (event === "item.changed") this.catchUp(ids.item, fields);
    else if (event === "item.removed") this.drop(ids.item);
    else if (event === "session.cleared") this.empty();
    else if (event === "session.changed") document.dispatchEvent(new CustomEvent("session:changed"));
  }

  // Its row may be on its way: a worker that waited begins before the page has the row.
  async catchUp(item, fields) {
    await this.adding;
    const card = this.card(item);
    if (!card) return this.settle();
    const { status, jobStatus } = card.frame.dataset;
    if (status !== fields.status || jobStatus !== fields.job_status) card.follow(fields);
  }

  empty() {
    for (const row of this.rows) row.remove();
    this.refresh();
  }

  // The row beside a card tells the seeds and the number of all its cards.
  drop(item) {
    this.card(item)?.leave();
    this.settle();
  }

  paint(detail) {
    const fields = detail.fields ?? detail;
    if (detail.event === "job.progress") this.cardOfJob(fields.job)?.showProgress(fields);
    if (detail.event !== "queue.places") return;
    for (const [job, place] of Object.entries(fields.places ?? {})) this.cardOfJob(job)?.showPlace(place);
  }

  cardOfJob(job) {
    return this.querySelector(`[data-job="${job}"]`)?.closest("item-card");
  }

  // The answer to a click in this tab brings its row itself; the feed is often a little earlier.
  async answered() {
    const asking = document.querySelector('.htmx-request[hx-target="#batches"]');
    if (asking) await new Promise((done) => asking.addEventListener("htmx:finally:request", done, { once: true }));
  }

  async add(batch) {
    await this.answered();
    if (document.getElementById(`batch-${batch}`)) return;
    const { ok, html } = await fetchHtml(`${this.dataset.url}?batch=${batch}`);
    if (!ok || document.getElementById(`batch-${batch}`)) return;
    await window.htmx.swap({ sourceElement: this, target: this, text: html, swap: "afterbegin" });
  }

  async refresh() {
    const loaded = Math.max(this.cards.length, 1);
    const { ok, html } = await fetchHtml(`${this.dataset.url}?loaded=${loaded}`);
    if (ok) await morph(this, html, true);
    document.dispatchEvent(new CustomEvent("session:changed"));
    this.count();
  }

  // Rows that are brought to what the server says are no twins: they stay, and the focus with them.
  dropTwins({ fragment, target, swapSpec }) {
    if (target !== this || swapSpec.style.endsWith("Morph")) return;
    for (const row of fragment.querySelectorAll?.(".batch[id]") ?? []) {
      if (row.parentNode === fragment) document.getElementById(row.id)?.remove();
    }
  }

  count() {
    for (const batch of this.querySelectorAll(".batch")) {
      if (!batch.querySelector("item-card")) batch.remove();
      const again = batch.querySelector("[data-again]");
      if (again) again.hidden = batch.querySelectorAll('[data-status="failed"]').length < 2;
      // What is done with all that wait ends with the last of them.
      if (!batch.querySelector('[data-status="generating"]')) batch.querySelectorAll("[data-all]").forEach((each) => each.remove());
    }
    const invitation = document.getElementById("invitation");
    if (invitation) invitation.hidden = this.cards.length > 0;
    if (!this.querySelector('.card[tabindex="0"]')) this.choose(this.remembered, false);
    this.markLong();
    this.mark();
  }

  // Words that do not fit get a button that shows all of them. Rows far away are not laid out for that:
  // they tell when they come near.
  markLong(row = this) {
    for (const prompt of row.querySelectorAll(".batch__prompt:not([data-open])")) {
      if (!prompt.checkVisibility({ contentVisibilityAuto: true })) continue;
      const more = prompt.parentNode.querySelector(".batch__more");
      more.hidden = prompt.scrollHeight <= prompt.clientHeight + 2;
    }
  }

  click(event) {
    const { target } = event;
    const parent = target.closest("a[data-parent]");
    const card = parent && this.card(parent.dataset.parent)?.frame;
    if (card) {
      event.preventDefault();
      card.scrollIntoView({ block: "center" });
      card.focus();
    }
    const more = target.closest(".batch__more");
    if (!more) return;
    const prompt = more.parentNode.querySelector(".batch__prompt");
    prompt.toggleAttribute("data-open");
    more.setAttribute("aria-expanded", String(prompt.hasAttribute("data-open")));
  }

  choose(found, keep = true) {
    const card = found?.querySelector?.(".card") ?? found;
    if (!card?.matches?.(".card")) return;
    for (const other of this.querySelectorAll('.card[tabindex="0"]')) other.tabIndex = -1;
    card.tabIndex = 0;
    if (keep) remember("selection", card.parentNode.id);
  }

  // Tab goes through one card and its row, and on to what comes after all rows: arrows lead to the others.
  arrive(card, row) {
    this.choose(card);
    const own = [card ?? this.querySelector('.card[tabindex="0"]'), row];
    for (const tool of this.querySelectorAll(TOOLS)) {
      if (own.includes(tool.closest(".card, .batch"))) tool.removeAttribute("tabindex");
      else tool.tabIndex = -1;
    }
  }

  // With the focus on nothing, arrows begin where it was last.
  enter(event) {
    if (!isAtNothing() || !STEPS[event.key]?.[0] || document.querySelector("dialog[open], :popover-open")) return;
    const card = this.querySelector('.card[tabindex="0"]');
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    card.focus();
  }

  walk(event) {
    const card = event.target.closest(".card");
    if (!card || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    const act = event.key === "Enter" && event.target === card ? "open" : KEYS[event.key];
    const button = act && card.querySelector(`[data-act="${act}"]`);
    if (step) this.neighbour(card, ...step)?.focus();
    else if (button) button.click();
    if (step || button) event.preventDefault();
  }

  neighbour(card, across, down) {
    const cards = this.cards;
    if (across) return cards[cards.indexOf(card) + across];
    const from = card.getBoundingClientRect();
    const distance = (other) => {
      const box = other.getBoundingClientRect();
      const rows = (box.top - from.top) * down;
      return rows > 8 ? rows * 4 + Math.abs(box.left - from.left) : Infinity;
    };
    const best = cards.reduce((near, other) => (distance(other) < distance(near) ? other : near), card);
    return best === card ? null : best;
  }
}

customElements.define("batch-list", BatchList);
