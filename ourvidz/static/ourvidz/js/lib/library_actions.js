// What the library's elements do with media: post an action, and let the page hear what the server says.
// That it was sent and has ended is told as "act:sent" and "act:ended", for those who wait for it.

import { word } from "./words.js";

export async function actOn(url, values) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "HX-Request": "true", "X-CSRFToken": token };
  const body = values instanceof FormData ? new URLSearchParams(values) : new URLSearchParams(Object.entries(values));
  const act = {};
  announce("act:sent", act);
  try {
    const response = await fetch(url, { method: "POST", body, headers, credentials: "same-origin" });
    act.trigger = response.headers.get("HX-Trigger");
    announceHeader(act.trigger);
    if (!response.ok) complain(response.status, await response.text());
    return response.ok;
  } catch {
    say(word("not_saved"));
    return false;
  } finally {
    announce("act:ended", act);
  }
}

// What a "move to" form means: a project that was chosen, or a new one whose name was typed (Enter in the
// field counts as that, whatever the form's first button is). Null where there is no name.
export function moveValues(form, submitter) {
  const field = form.elements.name;
  const values = new FormData(form, submitter);
  const typed = field === document.activeElement || !submitter?.classList.contains("menu__item");
  values.delete(typed ? "project" : "name");
  if (!typed || field.value.trim()) return values;
  field.focus();
  return null;
}

function announceHeader(text) {
  for (const [name, detail] of Object.entries(JSON.parse(text ?? "{}"))) announce(name, detail);
}

function announce(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

// Say why something was refused: the server's words, where the answer has some.
export function complain(status, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const reason = status < 500 && page.querySelector(".field__error")?.textContent.trim();
  say(reason || word("not_saved"));
}

function say(text) {
  announce("toast:say", { text });
}
