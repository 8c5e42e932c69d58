// Translated words for what scripts write (see words_for_scripts.py).

const WORDS = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

export function word(name, value = "") {
  return (WORDS[name] ?? name).replace("%s", value);
}

// "in 9 s", "in 3 min": `name` is the stem of a pair of words.
export function span(name, seconds) {
  const long = seconds >= 90;
  return word(`${name}_${long ? "minutes" : "seconds"}`, Math.max(1, Math.round(long ? seconds / 60 : seconds)));
}
