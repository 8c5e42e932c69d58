// Rows that the page brought as frames only, because nobody sees them yet: its first paint waits for those in
// view. Once that is over they are fetched, the nearest first.

import { fetchHtml } from "./dom.js";
import { painted } from "./painted.js";

const AT_ONCE = 12;
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

// Returns whether there are none any more; if not, something went wrong, and it can be asked for again.
export async function fillRows(list, url) {
  await painted;
  for (let rows; (await frame(), (rows = nearest(list)).length); ) {
    const query = rows.map((row) => `batch=${row.id.replace("batch-", "")}`).join("&");
    const { ok, html } = await fetchHtml(`${url}?${query}`);
    if (!ok) return false;
    const answer = document.createElement("template");
    answer.innerHTML = html;
    for (const row of rows) fill(row, answer.content.getElementById(row.id));
  }
  return true;
}

function nearest(list) {
  const rows = [...list.querySelectorAll(".batch")];
  const here = rows.findIndex((row) => row.getBoundingClientRect().bottom > 0);
  const far = (row) => Math.abs(rows.indexOf(row) - here);
  const hollow = rows.filter(isHollow);
  return hollow.sort((one, other) => far(one) - far(other)).slice(0, AT_ONCE);
}

function isHollow(row) {
  return row.isConnected && row.dataset.hollow !== undefined;
}

// What was done to its cards meanwhile is done to those that take their place.
function fill(row, whole) {
  if (!isHollow(row)) return;
  if (!whole) return row.remove();
  for (const card of row.querySelectorAll(".card")) {
    const drawn = whole.querySelector(`[data-item="${card.dataset.item}"]`);
    if (!drawn) continue;
    drawn.tabIndex = card.tabIndex;
    drawn.toggleAttribute("data-selected", card.hasAttribute("data-selected"));
  }
  row.replaceWith(whole);
  window.htmx.process(whole);
}
