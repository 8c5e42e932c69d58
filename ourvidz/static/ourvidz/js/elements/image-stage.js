// <image-stage>: one item of the session, large: it can be zoomed, a video goes frame by frame, arrows
// follow the list, and all that is known of it stands beside it. Two can lie over each other
// ("items:compare"), several beside each other.

import { fetchHtml, isTyping, morph } from "../lib/dom.js";
import { recall, remember } from "../lib/store.js";
import { word } from "../lib/words.js";

const CLICKS = { s: "save", r: "regenerate", d: "download", m: "more", Delete: "delete", Backspace: "delete" };
const MOST = 12;

class ImageStage extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.place = this.querySelector(".stage__picture");
    this.aside = this.querySelector(".stage__details");
    document.addEventListener("click", (event) => this.maybeOpen(event));
    document.addEventListener("items:compare", ({ detail }) => this.compareItems(detail));
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("click", ({ target }) => this.click(target));
    this.dialog.addEventListener("zoom:changed", ({ detail }) => this.scale(detail.scale));
    this.dialog.addEventListener("zoom:swipe", ({ detail }) => this.walk(detail.step));
    this.dialog.addEventListener("close", () => this.left());
    document.addEventListener("htmx:after:swap", () => this.follow());
    this.showDetails(recall("details") ?? innerWidth >= 1000);
  }

  get cards() {
    return [...document.querySelectorAll("batch-list .card:has(a[data-act=open])")];
  }

  get card() {
    return document.querySelector(`batch-list .card[data-item="${this.shown?.item}"]`);
  }

  maybeOpen(event) {
    const link = event.target.closest?.("batch-list a[data-act=open]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.open(this.of(link.closest(".card")));
  }

  of(card) {
    const link = card.querySelector("a[data-act=open]");
    const { item, kind, fps } = card.dataset;
    return { item, kind, fps, url: link.getAttribute("href"), name: card.ariaLabel };
  }

  open(one) {
    this.show(one);
    if (!this.dialog.open) this.dialog.showModal();
    // Not the first button, which Space would press instead of the video.
    this.place.focus();
  }

  show(one) {
    this.shown = one;
    this.compared = null;
    this.dialog.removeAttribute("data-compares");
    this.put(this.framed([one], this.media(one)));
    this.know();
    const { cards } = this;
    const at = cards.indexOf(this.card);
    this.querySelector(".stage__count").textContent = at < 0 ? "" : `${at + 1} / ${cards.length}`;
    this.querySelector('[data-step="-1"]').hidden = at <= 0;
    this.querySelector('[data-step="1"]').hidden = at < 0 || at === cards.length - 1;
    for (const next of [cards[at + 1], cards[at - 1]]) {
      if (next?.dataset.kind === "image") new Image().src = this.of(next).url;
    }
  }

  put(content) {
    this.place.replaceChildren(content);
    this.scale(1);
    const several = Boolean(this.compared);
    this.querySelector('[data-stage="sides"]').hidden = !several || this.beside || this.compared.length !== 2;
    this.querySelector('[data-stage="slider"]').hidden = !several || !this.beside || this.compared.length !== 2;
    this.querySelector('[data-stage="details"]').hidden = several;
  }

  // --- What is shown

  media({ url, kind, name }) {
    const frame = document.createElement("zoom-pan");
    const inside = document.createElement(kind === "video" ? "video" : "img");
    if (kind === "video") {
      Object.assign(inside, { muted: true, loop: true, playsInline: true, autoplay: this.moves, preload: "auto" });
      inside.setAttribute("aria-label", name);
    } else {
      Object.assign(inside, { alt: name, decoding: "async" });
    }
    inside.src = url;
    frame.append(inside);
    return frame;
  }

  get moves() {
    return !matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  // Videos get one bar, however many they are.
  framed(shown, content) {
    const video = shown.find(({ kind }) => kind === "video");
    if (!video) return content;
    const frames = document.createElement("video-frames");
    frames.dataset.fps = video.fps || 16;
    frames.append(content, this.querySelector("template[data-bar]").content.cloneNode(true));
    return frames;
  }

  compareItems(items) {
    const wanted = new Set(items);
    this.shown = null; // the focus goes back to where it was, not to what was looked at before
    this.compare(this.cards.filter((card) => wanted.has(card.dataset.item)).map((card) => this.of(card)));
  }

  compare(several, beside = several.length !== 2) {
    if (several.length < 2) return;
    this.compared = several.slice(0, MOST);
    this.beside = beside;
    this.dialog.toggleAttribute("data-compares", true);
    this.dialog.removeAttribute("data-details");
    this.put(this.framed(this.compared, beside ? this.sides() : this.slider()));
    this.querySelector(".stage__count").textContent = word("compared", this.compared.length);
    for (const step of this.querySelectorAll("[data-step]")) step.hidden = true;
    if (!this.dialog.open) this.dialog.showModal();
    this.place.querySelector("input")?.focus();
  }

  sides() {
    const row = document.createElement("div");
    row.className = "stage__sides";
    row.dataset.linked = "";
    row.append(...this.compared.map((one) => this.media(one)));
    return row;
  }

  slider() {
    const slider = this.querySelector("template[data-slider]").content.firstElementChild.cloneNode(true);
    slider.prepend(...this.compared.map((one) => this.media(one)));
    return slider;
  }

  scale(scale) {
    this.querySelector(".stage__scale").value = `${Math.round(100 * scale)} %`;
  }

  // --- What is known of it

  showDetails(on) {
    this.dialog.toggleAttribute("data-details", on);
    this.querySelector('[data-stage="details"]').setAttribute("aria-pressed", String(on));
  }

  async know() {
    const { item } = this.shown;
    const { ok, html } = await fetchHtml(`/workspace/items/${item}/details`);
    if (this.shown?.item !== item) return;
    if (ok) await morph(this.aside, html, true);
    else this.aside.replaceChildren();
  }

  // The list changed: what is open may have been saved, or be gone.
  follow() {
    if (!this.dialog.open || this.compared || !this.shown) return;
    const status = this.card?.dataset.status;
    if (status && status !== this.status) this.know();
    this.status = status;
  }

  // --- Hands

  walk(step) {
    const { cards } = this;
    const next = this.compared ? null : cards[cards.indexOf(this.card) + step];
    if (next && this.card) this.show(this.of(next));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || (isTyping(event.target) && event.target.type !== "range")) return;
    const { key } = event;
    const ranged = event.target.matches?.("input[type=range]");
    if (key === "ArrowRight" && !ranged) this.walk(1);
    else if (key === "ArrowLeft" && !ranged) this.walk(-1);
    else if (key === " " && !event.target.closest?.("button")) this.frames?.act("play");
    else if (key === ",") this.frames?.act("-1");
    else if (key === ".") this.frames?.act("1");
    else if (key === "+" || key === "=") this.zoom(1.5);
    else if (key === "-") this.zoom(1 / 1.5);
    else if (key === "0") this.place.querySelector("zoom-pan").reset();
    else if (key === "i" && !this.compared) this.act("details");
    else if (CLICKS[key] && !this.compared) this.press(CLICKS[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  get frames() {
    return this.place.querySelector("video-frames");
  }

  zoom(by) {
    this.place.querySelector("zoom-pan")?.zoom(by);
  }

  click(target) {
    const { dataset } = target.closest("button, a") ?? {};
    if (!dataset) return;
    if (dataset.step) this.walk(Number(dataset.step));
    else if (dataset.stage) this.act(dataset.stage);
    else if (dataset.click) this.press(dataset.click);
    else if (dataset.goes) this.show({ item: dataset.goes, url: dataset.url, kind: dataset.kind, name: dataset.name });
    else if ("against" in dataset) this.against();
    else if (dataset.use) this.leave();
    else if (dataset.stageMake) this.make(dataset.stageMake);
  }

  act(name) {
    if (name === "in") this.zoom(1.5);
    if (name === "out") this.zoom(1 / 1.5);
    if (name === "sides") this.compare(this.compared, true);
    if (name === "slider") this.compare(this.compared, false);
    if (name !== "details") return;
    const on = !this.dialog.hasAttribute("data-details");
    this.showDetails(on);
    remember("details", on);
  }

  // The card has the buttons; what is deleted makes room for the next one.
  press(act) {
    const { cards, card } = this;
    const at = cards.indexOf(card);
    if (act === "delete" && card) {
      const next = cards[at + 1] ?? cards[at - 1];
      if (next) this.show(this.of(next));
      else this.dialog.close();
    }
    if (act === "more" || act === "regenerate") this.leave();
    card?.querySelector(`[data-act="${act}"]`)?.click();
  }

  against() {
    const { goes: item, url, kind, name } = this.aside.querySelector("[data-goes]").dataset;
    this.compare([{ item, url, kind, name }, this.shown]);
  }

  make(act) {
    document.dispatchEvent(new CustomEvent("card:make", { detail: { act, source: this.shown.item } }));
    this.leave();
  }

  // Going on elsewhere: the focus is not brought back to the card.
  leave() {
    this.going = true;
    this.dialog.close();
  }

  left() {
    if (!this.going) this.card?.focus();
    this.going = false;
    this.place.replaceChildren();
    this.aside.replaceChildren();
    this.showDetails(recall("details") ?? innerWidth >= 1000);
  }
}

customElements.define("image-stage", ImageStage);
