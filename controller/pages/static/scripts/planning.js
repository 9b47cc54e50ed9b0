// Shows the next occurrences of a window while its form is filled in. Without scripts a button does.
import { updatePart } from "./patch.js";

const PAUSE_MS = 400;

export function start(root) {
  const place = root.querySelector("[data-preview]");
  const form = place?.querySelector("form");
  if (!form) return;
  let timer = 0;
  let running = new AbortController();

  async function show() {
    running.abort();
    const own = (running = new AbortController());
    const body = new URLSearchParams(new FormData(form));
    body.set("find", "");
    try {
      const headers = { Accept: "text/html; fragment" };
      const answer = await fetch(place.dataset.preview, { method: "POST", body, headers, signal: own.signal });
      const html = await answer.text();
      if (!own.signal.aborted) updatePart("next", html);
    } catch {
      // The next change asks again.
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE_MS);
  }

  // Only the fields that count for what is chosen.
  function fit() {
    const { repeats, ends } = form.elements;
    form.querySelector(".repeating").hidden = ["once", "kept"].includes(repeats.value);
    for (const part of form.querySelectorAll("[data-of]")) part.hidden = part.dataset.of !== repeats.value;
    for (const part of form.querySelectorAll("[data-ends]")) part.hidden = part.dataset.ends !== ends.value;
  }

  form.addEventListener("input", (event) => {
    fit();
    if (event.target.name !== "find") later();
  });
  form.querySelector("[data-shows]").hidden = true;
  fit();
  show();
}
