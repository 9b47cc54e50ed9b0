// Asks again and again whether an agent uses a new enrolment, until one does. The page itself must stay: it shows the
// enrolment once.
import { updateById } from "./patch.js";

const PAUSE_MS = 3000;

async function answer(address) {
  try {
    const found = await fetch(address, { headers: { Accept: "text/html; fragment" }, cache: "no-store" });
    return found.ok ? await found.text() : "";
  } catch {
    return ""; // the controller is away, and may come back
  }
}

async function wait(place) {
  while (place.isConnected && !place.querySelector("[data-over]")) {
    await new Promise((done) => { setTimeout(done, PAUSE_MS); });
    const html = document.hidden ? "" : await answer(place.dataset.waits);
    if (html) updateById("waiting-line", html);
  }
}

export function start(root) {
  for (const place of root.querySelectorAll("[data-waits]")) wait(place);
}
