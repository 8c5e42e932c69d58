// A field that has the focus only because nothing else was left to have it: nobody types in it yet.

let lent = null;

// On a touch screen the keyboard would come up over the page.
export function lendFocus(field) {
  if (!field || matchMedia("(pointer: coarse)").matches) return;
  field.focus();
  lent = field;
  for (const name of ["input", "blur"]) field.addEventListener(name, () => (lent = null), { once: true });
}

export function isLent(field) {
  return field === lent;
}

export function isAtNothing() {
  const { activeElement } = document;
  return !activeElement || activeElement === document.body || activeElement.matches(":disabled");
}
