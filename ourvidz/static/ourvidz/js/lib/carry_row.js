// Carries a row of a list with the pointer to another place in it. Resolves with whether it was
// dropped there; Escape, or a pointer that is taken away, leaves it where it was. Near the edge of what can be
// seen, what is beyond comes near.

const EDGE = 64; // pixels

export function carry(row, start) {
  const list = row.parentNode;
  const next = row.nextElementSibling;
  const ending = new AbortController();
  const on = (target, name, act) => target.addEventListener(name, act, { signal: ending.signal, capture: true });
  start.preventDefault();
  // The list has the pointer, not the row: what is moved in the document would lose it.
  list.setPointerCapture(start.pointerId);
  row.toggleAttribute("data-carried", true);
  return new Promise((resolve) => {
    const end = (dropped) => {
      ending.abort();
      row.toggleAttribute("data-carried", false);
      if (!dropped) list.insertBefore(row, next);
      row.querySelector("[data-grip]").focus();
      resolve(dropped);
    };
    let at = start.clientY;
    on(list, "pointermove", ({ clientY }) => follow(list, row, (at = clientY)));
    const draw = () => {
      if (ending.signal.aborted) return;
      creep(list, row, at);
      requestAnimationFrame(draw);
    };
    draw();
    on(list, "pointerup", () => end(true));
    on(list, "pointercancel", () => end(false));
    on(document, "keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      end(false);
    });
  });
}

// It takes another's place once the pointer is past that one's middle.
function follow(list, row, y) {
  const rows = [...list.children];
  const here = rows.indexOf(row);
  const middle = (other) => {
    const { top, height } = other.getBoundingClientRect();
    return top + height / 2;
  };
  const above = rows.slice(0, here).find((other) => y < middle(other));
  const below = rows.slice(here + 1).findLast((other) => y > middle(other));
  if (above) above.before(row);
  else if (below) below.after(row);
  if (above || below) row.scrollIntoView({ block: "nearest" });
}

function creep(list, row, y) {
  const scroller = scrollerOf(list);
  const { top, bottom } = scroller.getBoundingClientRect();
  const past = Math.max(0, y - Math.min(bottom, innerHeight) + EDGE) - Math.max(0, Math.max(top, 0) + EDGE - y);
  if (!past) return;
  scroller.scrollBy({ top: past / 4, behavior: "instant" });
  follow(list, row, y);
}

function scrollerOf(element) {
  for (let one = element.parentElement; one; one = one.parentElement) {
    if (one.scrollHeight > one.clientHeight && getComputedStyle(one).overflowY !== "visible") return one;
  }
  return document.scrollingElement;
}
