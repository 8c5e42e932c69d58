// Where a long list of rows was when its page was left: how high its rows were (those that were never seen
// have only a guess) and which one stood where. A reload comes back to that before anything is painted;
// the browser would come back to a number of pixels, among rows that have other heights yet.

import { recall, remember } from "./store.js";

const KEY = "place";

// Asked whenever the page comes to rest, not as it is left: a reload waits for that. Returns what is kept.
export function keepPlace(rows) {
  const boxes = rows.map((row) => row.getBoundingClientRect());
  const first = boxes.findIndex(({ bottom }) => bottom > 0);
  const place = scrollY > 0 && first >= 0 ? { ...placed(rows, boxes), row: rows[first].id, top: boxes[first].top } : null;
  remember(KEY, place);
  return place;
}

// What stands around the content is not part of a row's size: only the first row has other padding.
function placed(rows, boxes) {
  const around = [rows[0], rows[1] ?? rows[0]].map(padding);
  const heights = rows.map((row, at) => [row.id, boxes[at].height - around[Math.min(at, 1)]]);
  return { path: location.pathname, heights: Object.fromEntries(heights) };
}

function padding(row) {
  const { paddingTop, paddingBottom } = getComputedStyle(row);
  return Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
}

export function comeBackToPlace(rows) {
  history.scrollRestoration = "manual";
  const [visit] = performance.getEntriesByType("navigation");
  const place = recall(KEY);
  if (!place || place.path !== location.pathname || !["reload", "back_forward"].includes(visit?.type)) return;
  guess(rows, place.heights);
  const shown = document.getElementById(place.row);
  if (shown) scrollBy({ top: shown.getBoundingClientRect().top - place.top, behavior: "instant" });
}

// In a sheet of its own: an attribute would be gone when the rows are brought to what the server says. Most
// rows are as high as each other; one rule is enough for those.
function guess(rows, heights) {
  const known = rows.filter((row) => heights[row.id]).map((row) => [row.id, heights[row.id].toFixed(3)]);
  const usual = commonest(known.map(([, height]) => height));
  const rule = (selector, height) => `${selector} { contain-intrinsic-block-size: auto ${height}px }`;
  const others = known.filter(([, height]) => height !== usual).map(([id, height]) => rule(`#${CSS.escape(id)}`, height));
  const sheet = new CSSStyleSheet();
  if (usual) sheet.replaceSync([rule(".batch", usual), ...others].join("\n"));
  document.adoptedStyleSheets.push(sheet);
}

function commonest(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}
