// Keeps the open page true, and says so when it is not.
import { showBadge } from "./badge.js";
import { busy, updateById, updateMain } from "./patch.js";
import { follow, mend } from "./stream.js";
import { clock, serverTime, setServerTime } from "./times.js";

const page = document.documentElement;
const { base } = page.dataset;
const { live: view } = document.getElementById("main").dataset;
const version = new URL(import.meta.url).pathname.split("/").at(-2);
const SILENT_MS = 10_000;

let beatAt = performance.now();
let beatTime = serverTime();
let owed = false; // the page must be fetched anew
let fetching = false;

async function refresh() {
  owed = true;
  if (fetching || document.hidden || !view) return;
  fetching = true;
  owed = false;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html; fragment" }, cache: "no-store" });
    if (answer.status === 401) location.assign(`${base}/login?next=${encodeURIComponent(view)}`);
    else if (answer.status === 404) location.reload();
    else if (!answer.ok || !updateMain(await answer.text())) owed = true;
  } catch {
    owed = true; // a beat says when the controller is back
  }
  fetching = false;
}

function show({ stale, patch, shown }) {
  if (stale || document.hidden) return refresh();
  for (const [id, html] of Object.entries(patch)) owed = !updateById(id, html) || owed;
  if (shown) hint(shown);
}

function hint(shown) {
  const place = document.getElementById("overview-hint");
  if (!place) return shown.length ? refresh() : null; // the first monitor is there
  const more = shown.filter((id) => !document.getElementById(`m-${id}`)).length;
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = more === 1 ? "1 more monitor matches. Show it" : `${more} more monitors match. Show them`;
  place.hidden = !more;
  place.replaceChildren(...(more ? [link] : []));
}

function beat(message) {
  setServerTime(message.now);
  beatAt = performance.now();
  beatTime = Date.parse(message.now);
  showBadge(message.down + message.partial);
  owed ||= page.dataset.stream === "off";
  say("on", "Live, as of ");
  if (owed && document.getSelection().isCollapsed) refresh();
  // Once for each version, because two controllers of different versions may answer in turn.
  if (message.version === version || sessionStorage.version === message.version || busy(document.body)) return;
  sessionStorage.version = message.version;
  location.reload();
}

function say(state, words) {
  page.dataset.stream = state;
  const place = document.getElementById("as-of");
  const time = place.querySelector("time");
  time.dateTime = new Date(beatTime).toISOString();
  time.title = `${time.dateTime.slice(0, 19).replace("T", " ")} UTC`;
  time.textContent = clock(beatTime);
  place.replaceChildren(words, time);
  const banner = document.getElementById("live-banner");
  banner.hidden = state === "on";
  banner.textContent = banner.hidden ? "" : `Not live since ${clock(beatTime)}. What you see may be out of date.`;
}

function watch() {
  if (performance.now() - beatAt > SILENT_MS && page.dataset.stream !== "off") {
    say("off", "Not live since ");
    showBadge(null);
  }
  mend(beatAt);
}

function receive(message) {
  if (message.refused) refresh(); // which finds out whether somebody is still logged in
  else if (message.now) beat(message);
  else if (message.view === view) show(message);
}

export function start(root) {
  if (root !== document || !document.getElementById("as-of")) return;
  setInterval(watch, 1000);
  document.addEventListener("visibilitychange", () => {
    watch();
    if (owed) refresh();
  });
  follow(view, receive);
}
