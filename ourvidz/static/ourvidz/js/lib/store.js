// The browser's memory of this tab: session, draft, parameters, selection, last seq. It belongs to one
// person: another person's sign-in, or none, empties it.

const PREFIX = "ourvidz.";

export function remember(key, value) {
  try {
    sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs the memory, not the page.
  }
}

export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + key));
  } catch {
    return null;
  }
}

export function forget() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}

const person = document.documentElement.dataset.person ?? "";
if (recall("person") !== person) {
  forget();
  if (person) remember("person", person);
}
