// Bars of states: what a slice of time shows, on hover and with the arrow keys while a bar has focus.
//
// A bar is drawn as a path for each state. What surrounds it says which time it covers (data-since, data-until), and its
// own data-why has a line for each slice in which another reason begins: its number, then the reason, or # and the place
// of a reason that many bars share (data-reasons).

const time = { hour: "2-digit", minute: "2-digit" };
const from = new Intl.DateTimeFormat(undefined, { weekday: "short", ...time });
const to = new Intl.DateTimeFormat(undefined, time);
const tip = document.createElement("div");
tip.className = "tip";
tip.setAttribute("role", "status");
let shown = null;

function stateAt(bar, slice) {
  for (const path of bar.querySelectorAll("path"))
    for (const [, from, length] of path.getAttribute("d").matchAll(/M(\d+) 0h(\d+)/g))
      if (slice >= +from && slice < +from + +length) return path.getAttribute("class").slice(3);
  return "gap";
}

function reasonAt(bar, slice) {
  let reason = "";
  for (const [, from, text] of (bar.dataset.why ?? "").matchAll(/^(\d+) ?(.*)$/gm)) if (+from <= slice) reason = text;
  const shared = bar.closest("[data-reasons]")?.dataset.reasons.split("\n") ?? [];
  return reason.replace(/^#(\d+)$/, (place, number) => shared[number] ?? place);
}

function show(bar, slice) {
  const around = bar.closest("[data-since]");
  if (!around) return;
  const slices = bar.viewBox.baseVal.width;
  const since = +around.dataset.since;
  const width = (+around.dataset.until - since) / slices;
  const state = stateAt(bar, slice);
  const title = document.createElement("b");
  title.textContent = `${from.format(since + slice * width)} – ${to.format(since + (slice + 1) * width)}: ${state === "gap" ? "no data" : state}`;
  tip.replaceChildren(title, reasonAt(bar, slice));
  document.body.append(tip);
  const box = bar.getBoundingClientRect();
  const left = box.left + ((slice + 0.5) / slices) * box.width - tip.offsetWidth / 2;
  tip.style.left = `${scrollX + Math.max(4, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${scrollY + box.bottom + 6}px`;
  shown = { bar, slice, slices };
}

function hide() {
  tip.remove();
  shown = null;
}

export function start(root) {
  if (root !== document) return;
  document.addEventListener("pointermove", (event) => {
    const bar = event.target.closest?.("svg.bar");
    if (!bar) return void (shown && shown.bar !== document.activeElement && hide());
    const box = bar.getBoundingClientRect();
    const slices = bar.viewBox.baseVal.width;
    show(bar, Math.max(0, Math.min(slices - 1, Math.floor(((event.clientX - box.left) / box.width) * slices))));
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("svg.bar")) show(event.target, event.target.viewBox.baseVal.width - 1);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step || shown?.bar !== document.activeElement) return;
    event.preventDefault();
    show(shown.bar, Math.max(0, Math.min(shown.slices - 1, shown.slice + step)));
  });
}
