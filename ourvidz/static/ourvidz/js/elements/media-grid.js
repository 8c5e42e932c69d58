// <media-grid>: the tiles of a list. One of them is in the tab order; arrows walk, Space and Shift select.
// What is selected is kept by id, so it outlives every fetch of the grid.

import { debounce, fetchHtml, isTyping, morph } from "../lib/dom.js";
import { GridWindow } from "../lib/grid_window.js";
import { recall, remember } from "../lib/store.js";

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const KEYS = { s: "star", d: "download", Delete: "delete", Backspace: "delete" };
const MENUS = { t: "tag", m: "move" };
const PAGE = 60;

class MediaGrid extends HTMLElement {
  connectedCallback() {
    this.selected = new Set();
    // Without an answer the old tiles stay; the feed says when to ask again.
    this.refresh = debounce(() => this.fetch().catch(() => {}), 120);
    this.listeners = [];
    this.window = new GridWindow(this, (ids) => this.marks(ids));
    this.listen("feed:change", ({ detail }) => this.follow(detail));
    for (const name of ["feed:gap", "page:refresh", "library:changed"]) this.listen(name, this.refresh);
    this.listen("htmx:after:swap", () => this.arrange());
    this.listen("selection:clear", () => this.select([]));
    this.listen("keydown", (event) => this.key(event));
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("dragstart", (event) => this.carry(event));
    this.addEventListener("focusin", ({ target }) => this.choose(target.closest(".tile")));
    this.arrange();
    this.comeBack();
  }

  disconnectedCallback() {
    this.window.stop();
    for (const [name, act] of this.listeners) document.removeEventListener(name, act);
  }

  listen(name, act) {
    this.listeners.push([name, act]);
    document.addEventListener(name, act);
  }

  get tiles() {
    return [...this.querySelectorAll(".tile")];
  }

  // Of all tiles in their order, those far away too.
  get ids() {
    return this.window.ids(this.tiles.map((tile) => tile.dataset.media));
  }

  // --- What the server says

  follow({ event, ids }) {
    if (event === "media.removed" && !("bin" in this.dataset)) this.drop(ids.media);
    if (/^(media|project|library)\./.test(event)) this.refresh();
  }

  drop(id) {
    document.getElementById(`media-${id}`)?.remove();
    this.selected.delete(id);
    this.arrange();
  }

  async fetch() {
    if (!this.window.isWhole) return this.fetchShown();
    const url = new URL(this.dataset.url, location.href);
    url.searchParams.set("fragment", "grid");
    url.searchParams.set("loaded", this.tiles.length);
    const { ok, html } = await fetchHtml(url);
    if (ok) await this.show(html);
  }

  // Of a long list, only what is near is asked for again: it stays where it is.
  async fetchShown() {
    const url = new URL(this.dataset.url, location.href);
    const ids = this.tiles.map((tile) => tile.dataset.media);
    url.searchParams.set("fragment", "some");
    url.searchParams.set("media", ids.join(","));
    const { ok, html } = await fetchHtml(url);
    if (!ok) return;
    const sent = new DOMParser().parseFromString(html, "text/html");
    for (const id of ids) this.replace(document.getElementById(`media-${id}`), sent.getElementById(`media-${id}`));
    this.arrange();
  }

  replace(tile, sent) {
    if (!sent) return tile?.remove();
    tile?.toggleAttribute("data-starred", sent.hasAttribute("data-starred"));
    tile?.querySelector(".tile__badges").replaceWith(sent.querySelector(".tile__badges"));
  }

  async show(html) {
    this.window.clear();
    await morph(this, html);
    this.arrange();
  }

  // --- One tab stop, marks of the selection

  arrange() {
    const present = new Set(this.ids);
    for (const id of [...this.selected]) if (!present.has(id)) this.selected.delete(id);
    for (const tile of this.tiles) this.mark(tile);
    if (!this.querySelector('.tile__open[tabindex="0"]')) this.choose(this.tiles[0]);
    this.toggleAttribute("data-selecting", this.selected.size > 0);
    document.dispatchEvent(new CustomEvent("selection:changed", { detail: [...this.selected] }));
    this.window.look();
  }

  // Those that came back from far away.
  marks(ids) {
    for (const id of ids) this.mark(document.getElementById(`media-${id}`));
  }

  mark(tile) {
    const on = this.selected.has(tile.dataset.media);
    const link = tile.querySelector(".tile__open");
    const check = tile.querySelector("[data-check]");
    tile.toggleAttribute("data-selected", on);
    if (check) check.tabIndex = -1;
    check?.setAttribute("aria-checked", String(on));
    if (!link.hasAttribute("tabindex") || tile !== this.current) link.tabIndex = tile === this.current ? 0 : -1;
  }

  choose(tile) {
    if (!tile) return;
    const link = this.current?.querySelector(".tile__open");
    if (link) link.tabIndex = -1;
    this.current = tile;
    tile.querySelector(".tile__open").tabIndex = 0;
  }

  focusOn(tile) {
    tile?.querySelector(".tile__open").focus();
  }

  // --- Choosing

  select(ids) {
    this.selected = new Set(ids);
    this.arrange();
  }

  toggle(tile, range = false) {
    const { ids } = this;
    const [from, to] = [ids.indexOf(this.anchor), ids.indexOf(tile.dataset.media)];
    const adds = !this.selected.has(tile.dataset.media);
    if (range && from >= 0) {
      for (const id of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) this.selected.add(id);
    } else if (adds) this.selected.add(tile.dataset.media);
    else this.selected.delete(tile.dataset.media);
    this.anchor = tile.dataset.media;
    this.arrange();
  }

  click(event) {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    const opens = event.target.closest(".tile__open");
    const wantsTab = event.ctrlKey || event.metaKey || event.button;
    const selects = event.target.closest("[data-check]") || (opens && !wantsTab && (event.shiftKey || this.selected.size));
    if (selects) {
      event.preventDefault();
      this.toggle(tile, event.shiftKey);
    } else if (opens && !wantsTab) this.leave();
  }

  // What is dropped on a project of the column: the selected ones, or the one that was taken.
  carry(event) {
    const tile = event.target.closest?.(".tile");
    if (!tile || "bin" in this.dataset) return;
    const ids = this.selected.has(tile.dataset.media) ? [...this.selected] : [tile.dataset.media];
    event.dataTransfer.setData("application/x-ourvidz-media", ids.join(","));
    event.dataTransfer.effectAllowed = "copyMove";
  }

  // --- Keys

  key(event) {
    if (isTyping(event.target) || event.altKey || document.querySelector("dialog[open], :popover-open.menu")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a") this.selectAll(event);
    else if (event.ctrlKey || event.metaKey) return;
    else if (event.key === "Escape" && this.selected.size) this.select([]);
    else this.keyOnTile(event, event.target.closest?.(".tile"));
  }

  selectAll(event) {
    event.preventDefault();
    this.select(this.ids);
  }

  keyOnTile(event, tile) {
    const step = STEPS[event.key];
    const act = KEYS[event.key];
    // Up and down scroll the page until a tile has the focus.
    if (step && (tile || (step[0] && !event.target.closest?.("button, a")))) this.walk(event, tile, step);
    else if (event.key === " " && tile) this.toggleByKey(event, tile);
    else if (act && (this.selected.size || tile)) this.act(event, tile, act);
    else if (MENUS[event.key] && (this.selected.size || tile)) this.openMenu(event, tile, MENUS[event.key]);
  }

  toggleByKey(event, tile) {
    event.preventDefault();
    this.toggle(tile, event.shiftKey);
  }

  act(event, tile, act) {
    const ids = this.selected.size ? [...this.selected] : [tile.dataset.media];
    if (!ids[0]) return;
    event.preventDefault();
    const starred = tile && !this.selected.size ? !tile.hasAttribute("data-starred") : true;
    document.dispatchEvent(new CustomEvent("selection:act", { detail: { act, ids, starred } }));
  }

  // The menus stand in the bar of the selection.
  openMenu(event, tile, name) {
    if (!this.selected.size) this.select([tile.dataset.media]);
    event.preventDefault();
    document.querySelector(`selection-bar [popovertarget="${name}"]`)?.click();
  }

  walk(event, tile, [across, down]) {
    const next = tile ? this.neighbour(tile, across, down) : this.current;
    if (!next) return;
    event.preventDefault();
    if (event.shiftKey && tile) {
      this.anchor ??= tile.dataset.media;
      this.selected.add(tile.dataset.media);
      this.selected.add(next.dataset.media);
      this.arrange();
    }
    this.focusOn(next);
  }

  neighbour(tile, across, down) {
    const tiles = this.tiles;
    if (across) return tiles[tiles.indexOf(tile) + across];
    const from = tile.getBoundingClientRect();
    const middle = from.left + from.width / 2;
    const distance = (other) => {
      const box = other.getBoundingClientRect();
      const rows = (box.top - from.top) * down;
      return rows > 8 ? rows * 4 + Math.abs(box.left + box.width / 2 - middle) : Infinity;
    };
    const best = tiles.reduce((near, other) => (distance(other) < distance(near) ? other : near), tile);
    return best === tile ? null : best;
  }

  // --- Leaving for the viewer, and coming back to the same place

  leave() {
    const url = new URL(location.href);
    const { length } = this.ids;
    if (length > PAGE) url.searchParams.set("loaded", length);
    history.replaceState(history.state, "", url);
    remember("library.place", { url: this.dataset.url, y: scrollY });
  }

  comeBack() {
    const place = recall("library.place");
    const [visit] = performance.getEntriesByType("navigation");
    const returns = visit?.type === "back_forward" || recall("library.returns");
    remember("library.returns", null);
    if (!returns || place?.url !== this.dataset.url) return;
    scrollTo({ top: place.y, behavior: "instant" });
    const tile = document.getElementById(`media-${recall("library.seen")}`);
    if (!tile) return;
    this.choose(tile);
    tile.querySelector(".tile__open").focus({ preventScroll: true });
    const box = tile.getBoundingClientRect();
    if (box.bottom < 0 || box.top > innerHeight) tile.scrollIntoView({ block: "center" });
  }
}

customElements.define("media-grid", MediaGrid);
