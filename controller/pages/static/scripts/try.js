// Tries what the form of a monitor says before it is saved, and shows below the form what came of it.
import { updatePart } from "./patch.js";

const PAUSE_MS = 700;
const HEADERS = { Accept: "text/html; fragment" };
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
const tries = () => document.querySelector("[data-try]");

// Where the result appears. The status is read out whenever it changes.
function place(form) {
  if (!document.getElementById("trial")) {
    const said = Object.assign(document.createElement("p"), { id: "trial-said", className: "hidden", role: "status" });
    form.after(said, Object.assign(document.createElement("section"), { id: "trial" }));
  }
  return document.getElementById("trial-said");
}

function clear(form) {
  for (const text of form.querySelectorAll("[data-marked]")) text.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

// Says what is wrong at each field, and goes to the first one.
function mark(form) {
  const wrong = [...document.querySelectorAll("#trial [data-wrong]")];
  for (const item of wrong.reverse()) {
    const { wrong: name } = item.dataset;
    const named = form.elements[name];
    const field = named?.length && !named.options ? named[0] : named;
    if (!field?.after) continue;
    document.getElementById(`wrong-${name}`)?.remove();
    const text = Object.assign(document.createElement("p"), { className: "problem", id: `wrong-${name}` });
    text.dataset.marked = "";
    text.textContent = item.lastElementChild.textContent;
    (field.closest("label") ?? field).after(text);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", text.id);
    for (let around = field.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    field.focus();
  }
}

// Returns whether there is nothing more to come.
async function show(answer, said) {
  const html = await answer.text();
  const fresh = updatePart("trial", html);
  if (!fresh) {
    said.textContent = html; // the words of an error
    document.getElementById("trial").textContent = html;
    return true;
  }
  const words = fresh.querySelector("[data-said]").textContent;
  if (said.textContent !== words) said.textContent = words;
  return "done" in fresh.dataset;
}

async function run(button) {
  const { form } = button;
  if (button.getAttribute("aria-disabled")) return;
  const said = place(form);
  said.textContent = "Trying …";
  clear(form);
  button.setAttribute("aria-disabled", "true");
  try {
    let answer = await fetch(button.dataset.try, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: HEADERS });
    while (!(await show(answer, said))) {
      await pause();
      answer = await fetch(answer.url, { headers: HEADERS, cache: "no-store" });
    }
    mark(form);
  } catch {
    said.textContent = "Mailprobe does not answer. Try again in a moment.";
    document.getElementById("trial").textContent = said.textContent;
  }
  button.removeAttribute("aria-disabled");
}

// The next step writes into the form. Another protocol has other fields, for which the form draws itself anew.
function use(event) {
  const button = tries();
  if (!button) return;
  event.preventDefault();
  const fields = JSON.parse(event.currentTarget.dataset.set);
  for (const [name, value] of Object.entries(fields)) {
    if (button.form.elements[name]) button.form.elements[name].value = value;
  }
  if (fields.kind) return button.form.elements.kind.dispatchEvent(new Event("change", { bubbles: true }));
  button.focus();
  run(button);
}

export function start(root) {
  for (const button of root.querySelectorAll("[data-try]")) {
    button.hidden = false;
    button.addEventListener("click", () => run(button));
  }
  const steps = root.matches?.("[data-set]") ? [root] : root.querySelectorAll("[data-set]");
  for (const step of steps) step.addEventListener("click", use);
}
