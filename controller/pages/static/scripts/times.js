// Moments in the viewer's zone with its offset, and ages by the server's clock: a wrong clock here changes no age.

const page = document.documentElement;
let ahead = Date.parse(page.dataset.now) - performance.now();
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const two = (number) => String(number).padStart(2, "0");

export function setServerTime(text) {
  ahead = Date.parse(text) - performance.now();
}

// The server's clock, in milliseconds since 1970.
export const serverTime = () => performance.now() + ahead;

function offset(at) {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function clock(ms) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${offset(at)}`;
}

// The date is left out today, in the viewer's zone.
export function moment(ms) {
  const at = new Date(ms);
  if (at.toDateString() === new Date(serverTime()).toDateString()) return clock(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms)}`;
}

// As `span` of shell/texts.py.
export function span(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  const number = UNITS.findIndex(([size]) => left >= size);
  if (number < 0) return "0 s";
  const [size, unit] = UNITS[number];
  const whole = Math.floor(left / size);
  const finer = UNITS[number + 1];
  const rest = finer && whole < 10 ? Math.floor((left % size) / finer[0]) : 0;
  return `${whole} ${unit}${rest ? ` ${rest} ${finer[1]}` : ""}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const within = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

export function writeTimes(root) {
  for (const time of within(root, "time[data-moment]")) {
    write(time, (time.dataset.moment === "full" ? moment : clock)(Date.parse(time.dateTime)));
  }
  writeAges(root);
}

function writeAges(root) {
  const now = serverTime();
  for (const time of within(root, "time[data-age]")) write(time, span((now - Date.parse(time.dateTime)) / 1000));
}

export function start(root) {
  writeTimes(root);
  if (root !== document) return;
  setInterval(() => document.hidden || writeAges(document), 1000);
  const zone = document.getElementById("zone");
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) zone.textContent = `Times are shown in your zone, ${name} (${offset(new Date(serverTime()))}).`;
}
