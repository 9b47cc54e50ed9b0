// The values of a chart under the pointer or, with the arrow keys, under the focus. They are written into the table that
// shows the averages of the whole time otherwise.

import { moment } from "./times.js";

const milliseconds = (hundredths, value = hundredths / 100) =>
  hundredths == null ? "–" : value >= 10000 ? `${(value / 1000).toFixed(1)} s` : value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(value >= 10 ? 0 : 1)} ms`;

function read(chart) {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const table = document.getElementById("chart-values");
  const caption = table.querySelector("[data-caption]");
  const cells = [...table.querySelectorAll("[data-value]")];
  const whole = cells.map((cell) => cell.textContent);
  const title = caption.textContent;
  let at = null;

  function restore() {
    at = null;
    table.classList.remove("picked");
    caption.textContent = title;
    cells.forEach((cell, number) => (cell.textContent = whole[number]));
    mark("");
  }

  function mark(path) {
    for (const line of chart.querySelectorAll(".cursor")) line.setAttribute("d", path);
  }

  function show(slice) {
    at = Math.max(0, Math.min(data.count - 1, slice));
    const from = data.since + at * data.seconds * 1000;
    table.classList.add("picked");
    caption.textContent = `${moment(from)} to ${moment(from + data.seconds * 1000)}: ${spoken(at)}`;
    for (const cell of cells) {
      const found = data.values[cell.closest("tr").dataset.location]?.[at];
      const number = +cell.dataset.value;
      const count = number > 0 && number < 4;
      cell.textContent = count ? (found?.[number] ?? 0) : milliseconds(found?.[number]);
    }
    mark(`M${at + 0.5} 0V200`);
  }

  const spoken = (slice) =>
    Object.entries(data.values)
      .filter(([, values]) => values[slice])
      .map(([code, values]) => `${code} ${milliseconds(values[slice][0])}${values[slice][2] ? `, ${values[slice][2]} failed` : ""}`)
      .join("; ") || "no check";

  chart.addEventListener("pointermove", (event) => {
    const plot = event.target.closest(".stack");
    if (!plot) return;
    const box = plot.getBoundingClientRect();
    show(Math.floor(((event.clientX - box.left) / box.width) * data.count));
  });
  chart.addEventListener("pointerleave", () => document.activeElement === chart || restore());
  chart.addEventListener("blur", restore);
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
    if (event.key === "Escape") restore();
    if (step) show((at ?? (step < 0 ? data.count : -1)) + step);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(data.count - 1);
    else return;
    event.preventDefault();
  });
}

const two = (number) => String(number).padStart(2, "0");

function localTicks(root) {
  for (const tick of root.querySelectorAll("text[data-at]")) {
    const at = new Date(tick.dataset.at);
    tick.textContent = "clock" in tick.dataset ? `${two(at.getHours())}:${two(at.getMinutes())}` : `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  }
  for (const zone of root.querySelectorAll(".zone-name")) zone.textContent = "Your time";
}

export function start(root) {
  localTicks(root);
  for (const chart of root.querySelectorAll("[data-chart]")) read(chart);
}
