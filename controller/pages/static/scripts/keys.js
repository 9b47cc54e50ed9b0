// Keys for those who know them. They work while no field has the focus, and not at all with <html data-keys="off">.

const LIST = {
  "/": "search",
  "j k": "next and previous row",
  Enter: "open the selected row",
  a: "acknowledge the incident",
  c: "check now",
  "g o": "go to the overview",
  "g m": "go to the maintenance windows",
  "g i": "go to the incidents",
  "g l": "go to the locations",
  "g c": "go to the changes of servers",
  "g s": "go to the settings",
  "?": "this list",
  Esc: "close it, or leave a field",
};
const TYPING = "input:not([type=checkbox], [type=radio]), select, textarea";
const GO_MS = 1500;

let going = 0;
let selected = ""; // the id of the row that was selected last

function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

function list() {
  const open = document.querySelector("dialog[open]");
  if (open) return open.close();
  const rows = Object.entries(LIST).map(([keys, what]) => {
    const parts = keys.split(" ").flatMap((key) => [element("kbd", key), " "]);
    return element("tr", element("td", ...parts), element("td", what));
  });
  const close = element("button", "Close");
  const dialog = element("dialog", element("h2", "Keys"), element("table", element("tbody", ...rows)), close);
  dialog.className = "keys";
  dialog.setAttribute("aria-label", "Keys");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const items = () => [...document.querySelectorAll("main [data-item]")].filter((item) => item.getClientRects().length);
const focused = () => document.activeElement.closest("[data-item]");

function move(step) {
  const all = items();
  const now = all.indexOf(focused() ?? document.getElementById(selected));
  const next = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + step))];
  if (next) select(next);
}

function select(item) {
  selected = item.id;
  item.tabIndex = -1;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

// The button of this key in the selected row, or else the page's own.
function press(key) {
  const buttons = [...document.querySelectorAll(`main [data-key="${key}"]`)];
  const item = focused();
  (buttons.find((one) => item?.contains(one)) ?? buttons.find((one) => !one.closest("[data-item]")))?.click();
}

function go(key) {
  document.querySelector(`[data-go="${key}"]`)?.click();
}

const ACTIONS = {
  "/": () => document.querySelector('[data-key="/"]')?.focus(),
  j: () => move(1),
  k: () => move(-1),
  a: () => press("a"),
  c: () => press("c"),
  "?": list,
  g: () => {
    going = Date.now();
  },
  Enter: () => focused()?.querySelector("[data-open], th a")?.click(),
};

function key(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  const typing = event.target.closest?.(TYPING);
  if (event.key === "Escape" && typing) return typing.blur();
  if (typing || document.documentElement.dataset.keys === "off") return;
  const gone = Date.now() - going < GO_MS;
  going = 0;
  if (document.querySelector("dialog[open]") && event.key !== "?") return;
  const action = gone ? () => go(event.key) : ACTIONS[event.key];
  if (!action || (event.key === "Enter" && !event.target.matches("[data-item]"))) return;
  event.preventDefault();
  action();
}

export function start(root) {
  if (root !== document) return;
  document.addEventListener("keydown", key);
  const button = document.getElementById("keys");
  button.hidden = false;
  button.addEventListener("click", list);
}
