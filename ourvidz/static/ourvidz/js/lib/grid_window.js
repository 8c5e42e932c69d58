// A long grid keeps only the rows near what is seen: those far above and far below are put away as text, in
// pieces of whole rows, and a spacer of the same height stands for them. So nothing moves, however far one
// scrolls, and the document stays as small as a few screens.

const PIECE = 90; // tiles, and as many more as end their row
const FAR = 2600; // pixels outside the window from which rows are put away
const NEAR = 1500; // and from which they come back

export class GridWindow {
  constructor(grid, restored) {
    this.grid = grid;
    this.restored = restored;
    this.clear();
    this.look = () => {
      this.waits ??= requestAnimationFrame(() => {
        this.waits = null;
        this.fit();
      });
    };
    addEventListener("scroll", this.look, { passive: true });
  }

  stop() {
    removeEventListener("scroll", this.look);
  }

  // What the server sent is whole.
  clear() {
    this.above = [];
    this.below = [];
    for (const spacer of this.grid.querySelectorAll(".grid__away")) spacer.remove();
  }

  get isWhole() {
    return !this.above.length && !this.below.length;
  }

  // The ids of all tiles in their order, those that are put away too.
  ids(shown) {
    const away = (pieces) => pieces.flatMap(({ ids }) => ids);
    return [...away(this.above), ...shown, ...away(this.below.toReversed())];
  }

  fit() {
    if (!this.grid.isConnected) return;
    const box = (side) => this.spacer(side).getBoundingClientRect();
    if (this.above.length && box("above").bottom > -NEAR) this.bringBack("above");
    else if (this.below.length && box("below").top < innerHeight + NEAR) this.bringBack("below");
    else this.putAway();
  }

  // The first child of the grid, or what stands before the link to older ones.
  spacer(side) {
    const known = this.grid.querySelector(`:scope > .grid__away[data-side="${side}"]`);
    if (known) return known;
    const made = document.createElement("i");
    made.className = "grid__away";
    made.dataset.side = side;
    const older = this.grid.querySelector(":scope > #older");
    if (side === "above") this.grid.prepend(made);
    else if (older) older.before(made);
    else this.grid.append(made);
    return made;
  }

  get rows() {
    return [...this.grid.children].filter((one) => one.matches(".tile, .grid__day, .grid__end"));
  }

  putAway() {
    const { rows } = this;
    if (rows.length < 3 * PIECE) return;
    const first = this.firstPiece(rows);
    const last = this.lastPiece(rows);
    const top = (node) => node.getBoundingClientRect().top;
    if (first && top(rows[first.length]) < -FAR) this.take("above", first);
    else if (last && top(last[0]) > innerHeight + FAR) this.take("below", last);
  }

  startsRow(node) {
    const before = node.previousElementSibling;
    return node.matches(".tile, .grid__day") && before && node.offsetTop > before.offsetTop + 8;
  }

  firstPiece(rows) {
    let tiles = 0;
    for (const [index, node] of rows.entries()) {
      if (tiles >= PIECE && this.startsRow(node)) return rows.slice(0, index);
      tiles += node.matches(".tile");
    }
    return null;
  }

  lastPiece(rows) {
    let tiles = 0;
    for (let index = rows.length - 1; index > 0; index -= 1) {
      tiles += rows[index].matches(".tile");
      if (tiles >= PIECE && this.startsRow(rows[index])) return rows.slice(index);
    }
    return null;
  }

  // Everything is read before anything is written: one layout, and nothing moves. The spacer's own gap
  // takes the place of one that the rows had.
  take(side, nodes) {
    if (nodes.some((node) => node.contains(document.activeElement))) return;
    const gap = this[side].length ? Number.parseFloat(getComputedStyle(this.grid).rowGap) : 0;
    const top = Math.min(...nodes.slice(0, 3).map((node) => node.getBoundingClientRect().top));
    const end = Math.max(...nodes.slice(-24).map((node) => node.getBoundingClientRect().bottom));
    const html = nodes.map((node) => node.outerHTML).join("");
    const ids = nodes.filter((node) => node.dataset.media).map((node) => node.dataset.media);
    const spacer = this.spacer(side);
    for (const node of nodes) node.remove();
    this[side].push({ html, ids, height: end - top + gap });
    this.measure(side, spacer);
    this.look();
  }

  bringBack(side) {
    const piece = this[side].pop();
    const spacer = this.spacer(side);
    spacer.insertAdjacentHTML(side === "above" ? "afterend" : "beforebegin", piece.html);
    this.measure(side, spacer);
    this.restored(piece.ids);
    this.look();
  }

  // Geometry goes through the CSSOM. An empty spacer takes no room, not even a gap.
  measure(side, spacer) {
    const height = this[side].reduce((sum, piece) => sum + piece.height, 0);
    spacer.style.height = `${height}px`;
    spacer.toggleAttribute("data-holds", height > 0);
  }
}
