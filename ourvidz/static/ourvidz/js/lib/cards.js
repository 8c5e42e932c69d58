// Cards as they are now. Those that are wanted at the same time (a batch that ends together) come in
// one answer. Not for what becomes of them.

import { fetchHtml } from "./dom.js";

// Milliseconds for which more are waited for while an answer is on its way; the first one never waits.
const GATHERING = 30;
// As many as an address holds, and fewer than the server answers for.
const AT_ONCE = 100;

const wanted = new Map();
let underway = 0;

// {ok, status, html} of an item's card; status 404 for one that is gone.
export function cardNow(id, url) {
  return new Promise((resolve, reject) => {
    if (!wanted.size) setTimeout(ask, underway ? GATHERING : 0);
    wanted.set(id, { url, resolve, reject });
  });
}

async function ask() {
  const asked = [...wanted].slice(0, AT_ONCE);
  for (const [id] of asked) wanted.delete(id);
  if (wanted.size) setTimeout(ask);
  underway++;
  try {
    const answers = asked.length > 1 ? await together(asked) : [await fetchHtml(asked[0][1].url)];
    asked.forEach(([, { resolve }], index) => resolve(answers[index]));
  } catch (error) {
    for (const [, { reject }] of asked) reject(error);
  } finally {
    underway--;
  }
}

async function together(asked) {
  const query = new URLSearchParams(asked.map(([id]) => ["item", id]));
  const { ok, status, html } = await fetchHtml(`/workspace/cards?${query}`);
  if (!ok) return asked.map(() => ({ ok, status, html }));
  const found = new DOMParser().parseFromString(html, "text/html");
  return asked.map(([id]) => {
    const card = found.getElementById(`item-${id}`);
    return card ? { ok, status, html: card.outerHTML } : { ok: false, status: 404, html: "" };
  });
}
