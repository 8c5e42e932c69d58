// A card whose picture has just been made, drawn by the page itself from the pattern that came with it
// (<template id="made-card">): the picture need not wait for the card's text. Not for videos, whose text
// tells their length, and not the last word: the card is fetched a moment later.

export function madeCard(card, picture) {
  const pattern = document.getElementById("made-card");
  if (!pattern || card.dataset.kind !== "image") return null;
  const { id, version } = pattern.dataset;
  const draft = document.createElement("template");
  draft.innerHTML = pattern.innerHTML.replaceAll(id, card.dataset.item).replaceAll(version, new URL(picture, location.href).search);
  fill(draft.content, card, picture);
  return draft.innerHTML;
}

function fill(draft, card, picture) {
  const box = card.querySelector(".card__space").getAttribute("viewBox");
  const [, , width, height] = box.split(" ");
  draft.querySelector(".card__space").setAttribute("viewBox", box);
  for (const name of ["aria-label", "data-model", "data-job"]) {
    draft.querySelector(".card").setAttribute(name, card.getAttribute(name));
  }
  Object.assign(draft.querySelector("img"), { src: picture, width, height, alt: card.ariaLabel });
}
