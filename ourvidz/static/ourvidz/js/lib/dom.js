// Fetching, morphing and placing: what several elements do with the document.

export function debounce(act, milliseconds) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), milliseconds);
  };
}

// Where nobody answers, the status is 0 and there is no html.
export async function fetchHtml(url, options = {}) {
  const headers = { "HX-Request": "true", "HX-Current-URL": location.href, Accept: "text/html", ...options.headers };
  try {
    const response = await fetch(url, { credentials: "same-origin", ...options, headers });
    const elsewhere = response.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    return { ok: response.ok, status: response.status, html: await response.text() };
  } catch {
    return { ok: false, status: 0, html: "" };
  }
}

// Brings an element to what the server says; not one that a click has replaced meanwhile.
export async function bring(element, url) {
  const { ok, html } = await fetchHtml(url);
  if (ok && element.isConnected) await morph(element, html);
}

export async function post(url, values = {}) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const body = new URLSearchParams(values);
  return fetchHtml(url, { method: "POST", body, headers: { "X-CSRFToken": token } });
}

// Bring an element to what the server says, keeping everything that did not change.
export async function morph(element, html, inner = false) {
  const swap = inner ? "innerMorph" : "outerMorph";
  await window.htmx.swap({ sourceElement: element, target: element, text: html, swap });
}

// Geometry goes through the CSSOM: the page allows no style attributes.
export function placeBeside(panel, anchor) {
  const box = anchor.getBoundingClientRect();
  // A bar that floats is not covered: what belongs to one of its buttons stands above all of it.
  const bar = anchor.closest('[role="toolbar"]')?.getBoundingClientRect() ?? box;
  const gap = 8;
  const left = Math.min(box.left, innerWidth - panel.offsetWidth - 12);
  const below = bar.bottom + gap + panel.offsetHeight < innerHeight;
  const fitsAbove = bar.top > panel.offsetHeight + gap;
  const top = below || !fitsAbove ? bar.bottom + gap : bar.top - gap - panel.offsetHeight;
  panel.style.left = `${Math.max(12, left)}px`;
  panel.style.top = `${Math.max(12, Math.min(top, innerHeight - panel.offsetHeight - 12))}px`;
}

// A slider and its number are one value.
export function followTwin(form, changed) {
  const other = changed.dataset.twin && form.querySelector(`#${CSS.escape(changed.dataset.twin)}`);
  if (other) other.value = changed.value;
}

export function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}
