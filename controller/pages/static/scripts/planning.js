// Shows what a form means while it is filled in: the next occurrences of a window, or of quiet hours. Without scripts a
// button does. `data-preview-of` is how the names of the fields begin that count; without it all do.
import { updatePart } from "./patch.js";

const PAUSE_MS = 400;

export function start(root) {
  const place = root.querySelector("[data-preview]");
  const form = place?.querySelector("form");
  if (!form) return;
  const only = place.dataset.previewOf ?? "";
  let timer = 0;
  let running = new AbortController();

  async function show() {
    running.abort();
    const own = (running = new AbortController());
    const fields = [...new FormData(form)].filter(([name]) => name === "_csrf_token" || counts(name));
    const body = new URLSearchParams(fields);
    try {
      const headers = { Accept: "text/html; fragment" };
      const answer = await fetch(place.dataset.preview, { method: "POST", body, headers, signal: own.signal });
      const html = await answer.text();
      if (!own.signal.aborted) updatePart("next", html);
    } catch {
      // The next change asks again.
    }
  }

  function counts(name) {
    return name.startsWith(only) && name !== "find";
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE_MS);
  }

  // Only the fields that count for what is chosen.
  function fit() {
    const { repeats, ends } = form.elements;
    if (!repeats) return;
    form.querySelector(".repeating").hidden = ["once", "kept"].includes(repeats.value);
    for (const part of form.querySelectorAll("[data-of]")) part.hidden = part.dataset.of !== repeats.value;
    for (const part of form.querySelectorAll("[data-ends]")) part.hidden = part.dataset.ends !== ends.value;
  }

  form.addEventListener("input", (event) => {
    fit();
    if (counts(event.target.name)) later();
  });
  form.querySelector("[data-shows]").hidden = true;
  fit();
  if (!only) show();
}
