// When the page was painted for the first time, or somebody begins to use it. What nobody sees waits for that,
// since it would take the processor from the painting, most of all where there is no graphics card.

const LONGEST = 2000; // milliseconds, where the browser does not tell
const HANDS = ["pointerdown", "click", "keydown", "input", "submit"];

export const painted = new Promise((done) => {
  // A page behind others is not painted at all.
  if (document.hidden) return done();
  new PerformanceObserver(() => done()).observe({ type: "paint", buffered: true });
  for (const name of HANDS) addEventListener(name, done, { capture: true, once: true });
  setTimeout(done, LONGEST);
});
