// Keeps a wall true without anybody near it: live changes, the clock, and a reload when the controller has another version.
import { drawDots } from "./dots.js";
import { follow, mend } from "./stream.js";
import { clock, serverTime, setServerTime, writeTimes } from "./times.js";
import { arrange, startTurning } from "./turning.js";

const page = document.documentElement;
const { live: view } = document.getElementById("main").dataset;
const version = new URL(import.meta.url).pathname.split("/").at(-2);
const SILENT_MS = 10_000;
const RELOAD_MS = 60_000;

const canvas = document.getElementById("dots");
let states = canvas?.dataset.states ?? "";
let beatAt = performance.now();
let beatTime = serverTime();
let checking = false;

function draw() {
  if (canvas) drawDots(canvas, states);
  arrange(); // in what the dots leave
}

// Load the page again if that works now. A page of an error in place of the wall would stay there for ever.
async function reload(even) {
  if (checking) return;
  checking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html; fragment" }, cache: "no-store" });
    if (answer.ok ? even : [401, 403, 404].includes(answer.status)) location.reload();
  } catch {
    // The stream says when the controller is back.
  }
  checking = false;
}

// At most once a minute, because two controllers of different versions may answer in turn.
function renew(other) {
  if (other === version || Date.now() - (Number(sessionStorage.reloaded) || 0) < RELOAD_MS) return;
  sessionStorage.reloaded = Date.now();
  reload(true);
}

function show({ patch, states: now, dots }) {
  const fresh = patch.board && new DOMParser().parseFromString(patch.board, "text/html").getElementById("board");
  if (fresh) {
    writeTimes(fresh);
    document.getElementById("board").replaceWith(document.adoptNode(fresh));
    arrange();
  }
  if (now == null) return;
  if (Boolean(now) !== Boolean(canvas)) return reload(true); // the first monitor, or none any more
  states = now;
  if (!canvas) return;
  canvas.setAttribute("aria-label", dots);
  draw();
}

function say(state) {
  page.dataset.stream = state;
  const time = document.querySelector("#as-of time");
  time.textContent = clock(beatTime);
  const banner = document.getElementById("live-banner");
  banner.hidden = state === "on";
  const text = banner.hidden ? "" : `Not live since ${clock(beatTime)}`;
  if (banner.textContent !== text) banner.textContent = text;
}

function beat(message) {
  setServerTime(message.now);
  beatAt = performance.now();
  beatTime = Date.parse(message.now);
  say("on");
  renew(message.version);
}

function tick() {
  document.getElementById("clock").textContent = clock(serverTime()).slice(0, 8);
  writeTimes(document.getElementById("board"));
  if (performance.now() - beatAt > SILENT_MS) say("off");
  mend(beatAt);
}

function receive(message) {
  if (message.refused) reload(false); // which finds out whether this wall may still be read
  else if (message.now) beat(message);
  else if (message.view === view && !message.stale) show(message); // after a gap everything is sent again
}

page.dataset.wall = "on";
writeTimes(document);
startTurning();
draw();
tick();
setInterval(tick, 1000);
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
follow(view, receive);
