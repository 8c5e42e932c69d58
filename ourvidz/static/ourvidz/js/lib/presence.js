// A tab says that it has a session open when it hears the feed (again), and when it ends: a session that no
// tab has open is idle. Each stay has a name, since the last word of the page before a reload arrives
// after the first one of the page that follows. Nobody waits for the answers.

const named = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

export function tellPresence({ here, leave }) {
  let stay = named();
  const say = (url) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", document.querySelector('meta[name="csrf-token"]').content);
    body.append("stay", stay);
    navigator.sendBeacon(url, body);
  };
  document.addEventListener("feed:state", ({ detail }) => detail.state === "live" && say(here));
  // Kept by the browser and shown again, it is there before the feed is lost or found.
  addEventListener("pageshow", (event) => event.persisted && say(here));
  addEventListener("pagehide", () => {
    say(leave);
    stay = named();
  });
}
