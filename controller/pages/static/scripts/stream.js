// One stream for all tabs of a browser, because a browser has few connections to a host: the tab that holds a lock reads
// it and passes on what comes. Every tab says what it shows by the name of a lock of its own.

const { base, at, events = "/live" } = document.documentElement.dataset;
const NAME = `mailprobe ${base}${events}`;
const TAB = `${NAME} tab `;
const MOST_VIEWS = 40;
const REFUSED_MS = 5000;
const LOST_MS = 15_000;

const shared = Boolean(navigator.locks && window.BroadcastChannel);
const channel = shared && new BroadcastChannel(NAME);
let own; // the path and query of this page
let deliver;
let source = null; // only the leader has one
let opened = 0;
let covered = []; // the views of the open stream, here or in the leader
let last = ""; // the position up to which those views are true

function receive(message) {
  if (message.covered) ({ covered, last } = message);
  deliver(message);
}

function pass(message) {
  if (shared) channel.postMessage(message);
  receive(message);
}

// What each tab shows, with the position that its page was true of.
async function tabs() {
  if (!shared) return [{ view: own, at }];
  const { held } = await navigator.locks.query();
  return held.filter(({ name }) => name.startsWith(TAB)).map(({ name }) => JSON.parse(name.slice(TAB.length)));
}

// The oldest position of all; empty when they cannot be compared, and then every page is fetched anew.
function since(open) {
  const positions = open.map((tab) => (covered.includes(tab.view) ? last : tab.at)?.split("-") ?? []);
  if (positions.some(([epoch]) => !epoch || epoch !== positions[0][0])) return "";
  return positions.sort((a, b) => a[1] - b[1])[0]?.join("-") ?? last;
}

async function connect(again) {
  const open = (await tabs()).filter((tab) => tab.view);
  const views = [...new Set(open.map((tab) => tab.view))].sort().slice(0, MOST_VIEWS);
  if (source && !again && views.join("\n") === covered.join("\n")) return;
  const query = new URLSearchParams([...views.map((view) => ["view", view]), ["since", since(open)]]);
  source?.close();
  const now = new EventSource(`${base}${events}?${query}`);
  source = now;
  opened = performance.now();
  covered = views;
  now.addEventListener("view", ({ data }) => pass(JSON.parse(data)));
  now.addEventListener("beat", ({ data, lastEventId }) => {
    last = lastEventId || last;
    pass({ ...JSON.parse(data), covered, last });
    connect(); // without the pages that were closed
  });
  now.addEventListener("error", () => now.readyState === EventSource.CLOSED && receive({ refused: true }));
}

// A connection can be lost without a sign, and a stream that was refused does not come back by itself.
export function mend(beatAt) {
  const refused = source?.readyState === EventSource.CLOSED;
  const quiet = performance.now() - (refused ? opened : Math.max(opened, beatAt));
  if (source && quiet > (refused ? REFUSED_MS : LOST_MS)) connect(true);
}

// Call `receiver` with every message from now on.
export function follow(view, receiver) {
  [own, deliver] = [view, receiver];
  if (!shared) return connect();
  channel.addEventListener("message", ({ data }) => {
    if (data !== "tabs") receive(data);
    else if (source) connect();
  });
  const ever = () => new Promise(() => {}); // until this tab is closed
  navigator.locks.request(TAB + JSON.stringify({ view, at, tab: Math.random() }), () => {
    channel.postMessage("tabs");
    navigator.locks.request(`${NAME} leader`, () => connect() && ever());
    return ever();
  });
}
