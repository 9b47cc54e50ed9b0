// Lists that are longer than the screen is high are shown page by page. Nothing moves: one page takes the place of another.
// Space pauses, and the arrow keys turn.
const TURN_MS = 15_000;

let turn = 0;
let paused = false;

function lay(list) {
  const items = [...list.children];
  for (const item of items) item.hidden = false;
  const { overflowY, rowGap, gridTemplateColumns } = getComputedStyle(list);
  if (!items.length || overflowY !== "hidden") return 1; // a small window scrolls instead
  const gap = parseFloat(rowGap) || 0;
  const highest = Math.max(...items.map((item) => item.offsetHeight));
  const rows = Math.max(1, Math.floor((list.clientHeight + gap) / (highest + gap)));
  const size = rows * gridTemplateColumns.split(" ").length;
  const pages = Math.ceil(items.length / size);
  const first = (((turn % pages) + pages) % pages) * size;
  items.forEach((item, number) => {
    item.hidden = number < first || number >= first + size;
  });
  return pages;
}

// Show the current page of each list, as much as fits.
export function arrange() {
  const pages = Math.max(1, ...[...document.querySelectorAll("[data-turns]")].map(lay));
  const button = document.getElementById("turn");
  if (!button) return;
  button.hidden = pages < 2;
  button.textContent = `Page ${(((turn % pages) + pages) % pages) + 1} of ${pages}${paused ? ", paused" : ""}`;
  button.title = paused ? "Go on turning pages (space)" : "Stop turning pages (space)";
}

function go(step) {
  turn += step;
  arrange();
}

function pause() {
  paused = !paused;
  arrange();
}

export function startTurning() {
  setInterval(() => paused || document.hidden || go(1), TURN_MS);
  document.getElementById("turn")?.addEventListener("click", pause);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, input")) return;
    if (event.key === "ArrowRight") go(1);
    else if (event.key === "ArrowLeft") go(-1);
    else if (event.key === " ") pause();
    else return;
    event.preventDefault();
  });
}
