// <media-viewer>: one picture with its inspector. Arrows walk through the list it was opened from without
// leaving the page; Escape goes back to where the list was.

import { debounce, fetchHtml, isTyping, morph } from "../lib/dom.js";
import { actOn, moveValues } from "../lib/library_actions.js";
import { remember } from "../lib/store.js";

const FEED = /^(media|project|library)\./;

class MediaViewer extends HTMLElement {
  connectedCallback() {
    this.refresh = debounce(() => this.fetch(this.facts.url, true), 120);
    this.listeners = [];
    this.listen("keydown", (event) => this.key(event));
    this.listen("feed:change", ({ detail }) => this.follow(detail));
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) this.listen(name, this.refresh);
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("submit", (event) => this.submit(event));
    this.addEventListener("zoom:swipe", ({ detail }) => this.walk(detail.step));
    this.arrived();
  }

  disconnectedCallback() {
    for (const [name, act] of this.listeners) document.removeEventListener(name, act);
  }

  listen(name, act) {
    this.listeners.push([name, act]);
    document.addEventListener(name, act);
  }

  get facts() {
    return this.querySelector(".viewer").dataset;
  }

  arrived() {
    const { media, next, previous, title } = this.facts;
    remember("library.seen", media);
    document.title = title;
    const picture = this.querySelector(".viewer__picture :is(img, video)");
    picture.style.setProperty("--r", picture.getAttribute("width") / picture.getAttribute("height"));
    for (const url of [next, previous]) this.warm(url);
    const strip = this.querySelector(".strip");
    const current = strip.querySelector("[aria-current]");
    if (current) strip.scrollTo({ left: current.offsetLeft - strip.clientWidth / 2 + current.offsetWidth / 2 });
  }

  // The neighbours' pictures are loaded before they are asked for.
  warm(url) {
    const link = url && this.querySelector(`.strip a[href="${CSS.escape(url)}"]`);
    const id = link && url.split("/")[2];
    if (id) new Image().src = `/media/${id}/original`;
  }

  follow({ event, ids }) {
    if (!FEED.test(event)) return;
    if (event === "media.removed" && ids.media === this.facts.media && !this.leaving) this.moveOn();
    else this.refresh();
  }

  async fetch(url, again = false) {
    if (again && this.leaving) return;
    const address = new URL(url, location.href);
    history.replaceState(history.state, "", address);
    address.searchParams.set("fragment", "viewer");
    const { ok, status, html } = await fetchHtml(address);
    if (status === 404) this.back();
    if (!ok) return;
    await morph(this, html, true);
    this.arrived();
  }

  click(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const walk = event.target.closest("[data-walk]");
    if (walk) this.fetch(walk.getAttribute("href"));
    else if (event.target.closest("[data-back]:not(.viewer)")) this.back();
    else return;
    event.preventDefault();
  }

  async submit(event) {
    const form = event.target;
    if (!form.matches("[data-act]")) return;
    event.preventDefault();
    const values = form.elements.name ? moveValues(form, event.submitter) : new FormData(form);
    if (!values) return;
    form.closest("[popover]")?.hidePopover();
    this.leaving = "leaves" in form.dataset;
    const done = await actOn(event.submitter?.getAttribute("formaction") ?? form.action, values);
    // What was typed is a tag now. A picture that is fetched again leaves fields as they are.
    if (done && form.elements.add) form.elements.add.value = "";
    // Until the next one is here, nothing may fetch this one again.
    if (done && this.leaving) await this.moveOn();
    this.leaving = false;
  }

  moveOn() {
    const { next, previous } = this.facts;
    if (next || previous) return this.fetch(next || previous);
    return this.back();
  }

  // The list as it was left, where it is the page before this one; else the list at this picture.
  back() {
    const from = document.referrer && new URL(document.referrer);
    const list = new URL(this.facts.back, location.href);
    remember("library.returns", true);
    if (from && from.origin === location.origin && from.pathname === list.pathname && history.length > 1) history.back();
    else location.assign(list);
  }

  walk(step) {
    const url = step > 0 ? this.facts.next : this.facts.previous;
    if (url) this.fetch(url);
  }

  // Zooming, and a video's frames; true where the key was one of them.
  look(key) {
    const zoom = this.querySelector("zoom-pan");
    const video = this.querySelector("video-frames");
    if (key === "+" || key === "=") zoom.zoom(1.5);
    else if (key === "-") zoom.zoom(1 / 1.5);
    else if (key === "0") zoom.reset();
    else if (video && [",", "."].includes(key)) video.step(key === "," ? -1 : 1);
    else if (video && key === " ") video.toggle();
    else return false;
    return true;
  }

  // Escape leaves a field for the picture, whose keys are at work again.
  keyInField({ key, target }) {
    if (key === "Escape" && !document.querySelector("dialog[open], :popover-open")) target.blur();
  }

  key(event) {
    if (isTyping(event.target)) return this.keyInField(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    const url = { ArrowRight: this.facts.next, ArrowLeft: this.facts.previous }[event.key];
    const key = event.key === "Backspace" ? "Delete" : event.key;
    const button = this.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (url) this.fetch(url);
    else if (event.key === "Escape") this.back();
    else if (button) button.matches("input") ? button.focus() : button.click();
    else if ((event.key === " " && event.target.closest?.("button, a")) || !this.look(event.key)) return;
    event.preventDefault();
  }
}

customElements.define("media-viewer", MediaViewer);
