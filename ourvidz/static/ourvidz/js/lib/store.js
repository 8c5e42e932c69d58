// The browser's memory: of this tab (session, draft, parameters, selection, last seq), and of what a tab
// leaves to the next one ("later": drafts). It belongs to one person: another person's sign-in, or none,
// empties it.

const PREFIX = "ourvidz.";

// A full or forbidden storage costs the memory, not the page: asking for it may throw too.
function attempted(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

export function remember(key, value) {
  if (value === null) attempted(() => sessionStorage.removeItem(PREFIX + key));
  else attempted(() => sessionStorage.setItem(PREFIX + key, JSON.stringify(value)));
}

export function recall(key) {
  return attempted(() => JSON.parse(sessionStorage.getItem(PREFIX + key)));
}

export function rememberLater(key, value) {
  attempted(() => localStorage.setItem(PREFIX + key, JSON.stringify(value)));
}

export function recallLater(key) {
  return attempted(() => JSON.parse(localStorage.getItem(PREFIX + key)));
}

function clear(store) {
  for (const key of Object.keys(store)) if (key.startsWith(PREFIX)) store.removeItem(key);
}

export function forget() {
  attempted(() => clear(sessionStorage));
  attempted(() => clear(localStorage));
}

const person = document.documentElement.dataset.person ?? "";
// A new tab knows nobody yet; what is left for it is by the same person, or goes.
const known = recall("person") ?? recallLater("person") ?? "";
if (known !== person) forget();
if (person) {
  remember("person", person);
  rememberLater("person", person);
}
