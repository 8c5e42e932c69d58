// Where a long list of rows was when its page was left: how high its rows were (those that were never seen
// have only a guess) and which one stood where. A reload comes back to that before anything is painted;
// the browser would come back to a number of pixels, among rows that have other heights yet.

import { recall, remember } from "./store.js";

const KEY = "place";

export function keepPlace(rows) {
  const shown = rows.find((row) => row.getBoundingClientRect().bottom > 0);
  const heights = Object.fromEntries(rows.map((row) => [row.id, row.getBoundingClientRect().height]));
  const place = { path: location.pathname, heights, row: shown?.id, top: shown?.getBoundingClientRect().top };
  remember(KEY, scrollY > 0 && shown ? place : null);
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

// In a sheet of its own: an attribute would be gone when the rows are brought to what the server says.
function guess(rows, heights) {
  const sheet = new CSSStyleSheet();
  const known = rows.filter((row) => heights[row.id]);
  const rule = (row) => `#${CSS.escape(row.id)} { contain-intrinsic-block-size: auto ${heights[row.id] - padding(row)}px }`;
  sheet.replaceSync(known.map(rule).join("\n"));
  document.adoptedStyleSheets.push(sheet);
}

// What stands around the content is not part of its size.
function padding(row) {
  const { paddingTop, paddingBottom } = getComputedStyle(row);
  return Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
}
