// Arrow keys in menus: up and down walk through what an open one offers, Home and End go to its ends, and
// down on the button that opened it goes in. Fields that have a use for such a key keep it. One that a key
// opened from elsewhere takes the focus.

const ENTRIES = 'button, a[href], input:not([type="radio"]), input:checked';
const OWN = 'textarea, select, [list], input:is([type="radio"], [type="range"], [type="number"])';

let pressed = false; // a key, not a pointer, was last

for (const name of ["keydown", "pointerdown"]) {
  document.addEventListener(name, () => (pressed = name === "keydown"), true);
}

function place(key, at, last) {
  return { ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, Home: 0, End: last }[key];
}

function isLeftAlone({ key, target, ctrlKey, metaKey, altKey }) {
  const ends = ["Home", "End"].includes(key) && target.matches("input");
  return ends || ctrlKey || metaKey || altKey || target.matches(OWN);
}

function entriesOf(menu) {
  return [...menu.querySelectorAll(ENTRIES)].filter((entry) => entry.checkVisibility() && !entry.disabled);
}

function isInvoker(element, menu) {
  return element?.getAttribute("popovertarget") === menu.id;
}

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".menu:popover-open");
  if (!menu || isLeftAlone(event)) return;
  if (!menu.contains(event.target) && !isInvoker(event.target, menu)) return;
  const entries = entriesOf(menu);
  const to = entries[place(event.key, entries.indexOf(event.target), entries.length - 1)];
  if (!to) return;
  event.preventDefault();
  to.focus();
});

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    const { activeElement } = document;
    if (!pressed || newState !== "open" || !target.matches?.(".menu")) return;
    if (!target.contains(activeElement) && !isInvoker(activeElement, target)) entriesOf(target)[0]?.focus();
  },
  true,
);
