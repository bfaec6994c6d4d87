// Puts the parts that the server sends in place of the old ones. Nothing is drawn here.
"use strict";

const live = document.getElementById("live");

function say(state) {
  if (live.className === `live ${state}`) return;
  live.className = `live ${state}`;
  live.textContent = live.dataset[state];
}

function put(name, html) {
  const part = document.getElementById(name);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.innerHTML = html; // escaped by the server, and the policy runs no script in it
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

const events = new EventSource("/ops/events");
say("connecting");
events.addEventListener("open", () => say("on"));
events.addEventListener("board", (event) => {
  for (const [name, html] of Object.entries(JSON.parse(event.data))) put(name, html);
});
events.addEventListener("ended", () => {
  events.close();
  say("ended");
});
events.addEventListener("error", () => {
  // A browser gives up by itself where the answer is an error: the session has ended, most likely.
  say(events.readyState === EventSource.CLOSED ? "ended" : "off");
});
