// Keeps open pages true. All tabs of a browser share one stream, because a browser has few connections to a host: the
// tab that holds a lock reads it and passes on what comes. Every tab says what it shows by the name of a lock of its own.
import { showBadge } from "./badge.js";
import { busy, updateById, updateMain } from "./patch.js";
import { clock, moment, serverTime, setServerTime } from "./times.js";

const page = document.documentElement;
const base = page.dataset.base;
const main = document.getElementById("main");
const view = main.dataset.live;
const version = new URL(import.meta.url).pathname.split("/").at(-2);
const NAME = `mailprobe ${base}`;
const SILENT_MS = 10_000;
const REFUSED_MS = 5000;
const LOST_MS = 15_000;

const shared = Boolean(navigator.locks && window.BroadcastChannel);
const channel = shared ? new BroadcastChannel(NAME) : null;
let source = null; // only the leader has one
let opened = 0;
let covered = []; // the views of the stream that is open, here or in the leader
let last = ""; // the position up to which those views are true
let beatAt = performance.now();
let beatTime = serverTime();
let owed = false; // the page must be fetched anew
let fetching = false;

// What happens to this page.

async function refresh() {
  owed = true;
  if (fetching || document.hidden || !view) return;
  fetching = true;
  try {
    owed = false;
    const answer = await fetch(location.href, { headers: { Accept: "text/html; fragment" }, cache: "no-store" });
    if (answer.status === 401) location.assign(`${base}/login?next=${encodeURIComponent(view)}`);
    else if (answer.status === 404) location.reload();
    else if (!answer.ok || !updateMain(await answer.text())) owed = true;
  } catch {
    owed = true; // the next beat says that the controller is back
  }
  fetching = false;
}

function show(message) {
  if (message.view !== view) return;
  if (message.stale || document.hidden) refresh();
  else {
    for (const [id, html] of Object.entries(message.patch)) owed = !updateById(id, html) || owed;
    if (message.shown) hint(message.shown);
  }
}

function hint(shown) {
  const place = document.getElementById("overview-hint");
  if (!place) return shown.length ? refresh() : null; // the first monitor is there
  const more = shown.filter((id) => !document.getElementById(`m-${id}`)).length;
  place.hidden = !more;
  if (!more) return place.replaceChildren();
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = more === 1 ? "1 more monitor matches. Show it" : `${more} more monitors match. Show them`;
  place.replaceChildren(link);
}

function beat(message) {
  setServerTime(message.now);
  beatAt = performance.now();
  beatTime = Date.parse(message.now);
  showBadge(message.down + message.partial);
  if (page.dataset.stream === "off") refresh();
  page.dataset.stream = "on";
  document.getElementById("live-banner").hidden = true;
  asOf("Live, as of ");
  if (owed && document.getSelection().isCollapsed) refresh();
  if (message.version !== version) reload(message.version);
}

// Once for each version, because two controllers of different versions may answer in turn.
function reload(newer) {
  if (busy(document.body) || sessionStorage.getItem(NAME) === newer) return;
  sessionStorage.setItem(NAME, newer);
  location.reload();
}

function asOf(words) {
  const place = document.getElementById("as-of");
  const time = place?.querySelector("time");
  if (!time) return;
  time.dateTime = new Date(beatTime).toISOString();
  time.title = `${time.dateTime.slice(0, 19).replace("T", " ")} UTC`;
  time.textContent = clock(beatTime);
  place.replaceChildren(words, time);
}

function watch() {
  const silent = performance.now() - beatAt;
  if (silent > SILENT_MS && page.dataset.stream !== "off") {
    page.dataset.stream = "off";
    const banner = document.getElementById("live-banner");
    banner.textContent = `Not live since ${moment(beatTime).slice(11)}. What you see may be out of date.`;
    banner.hidden = false;
    asOf("Not live since ");
    showBadge(null);
  }
  // A connection can be lost without a sign, and a stream that was refused does not come back by itself.
  const refused = source?.readyState === EventSource.CLOSED;
  const since = refused ? opened : Math.max(opened, beatAt);
  if (source && performance.now() - since > (refused ? REFUSED_MS : LOST_MS)) connect(true);
}

// What happens to the stream.

function receive(message) {
  if (message.covered) ({ covered, last } = message);
  (message.down === undefined ? show : beat)(message);
}

function pass(message) {
  channel?.postMessage(message);
  receive(message);
}

// The views of all tabs, each with the position that its page was true of.
async function views() {
  if (!shared) return view ? [{ view, at: page.dataset.at }] : [];
  const { held } = await navigator.locks.query();
  const own = `${NAME} tab `;
  return held.filter((lock) => lock.name.startsWith(own)).map((lock) => JSON.parse(lock.name.slice(own.length)));
}

const before = (a, b) => Number(a.split("-")[1]) < Number(b.split("-")[1]);

function since(tabs) {
  const positions = tabs.map(({ view, at }) => (covered.includes(view) ? last : at));
  const epochs = new Set(positions.map((at) => at?.split("-")[0]));
  if (epochs.size > 1 || epochs.has(undefined) || epochs.has("")) return "";
  return positions.reduce((a, b) => (before(b, a) ? b : a), positions[0] ?? last);
}

async function connect(again) {
  const tabs = (await views()).filter((tab) => tab.view);
  const needed = [...new Set(tabs.map((tab) => tab.view))].sort().slice(0, 40);
  if (source && !again && needed.join("\n") === covered.join("\n")) return;
  const query = new URLSearchParams(needed.map((one) => ["view", one]));
  const at = since(tabs);
  if (at) query.set("since", at);
  source?.close();
  opened = performance.now();
  source = new EventSource(`${base}/live?${query}`);
  covered = needed;
  const own = source;
  source.addEventListener("view", ({ data }) => pass(JSON.parse(data)));
  source.addEventListener("beat", ({ data, lastEventId }) => {
    last = lastEventId || last;
    pass({ ...JSON.parse(data), covered, last });
    connect();
  });
  source.addEventListener("error", () => {
    if (own.readyState === EventSource.CLOSED && own === source) refresh(); // says whether we are logged out
  });
}

function lead() {
  connect();
  return new Promise(() => {}); // until this tab is closed
}

export function start(root) {
  if (root !== document || !document.getElementById("as-of")) return;
  setInterval(watch, 1000);
  document.addEventListener("visibilitychange", () => document.hidden || (watch(), owed && refresh()));
  if (!shared) return connect();
  channel.addEventListener("message", ({ data }) => {
    if (data !== "tabs") receive(data);
    else if (source) connect();
  });
  const tab = JSON.stringify({ view, at: page.dataset.at, id: crypto.randomUUID?.() ?? Math.random() });
  navigator.locks.request(`${NAME} tab ${tab}`, () => {
    channel.postMessage("tabs");
    navigator.locks.request(`${NAME} leader`, lead);
    return new Promise(() => {});
  });
}
