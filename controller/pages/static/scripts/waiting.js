// Asks again and again whether an agent uses a new enrolment, until one does. The page itself must stay: it shows the
// enrolment once.
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
    const fresh = document.createElement("div");
    fresh.innerHTML = html;
    if (fresh.querySelector("[data-over]")) place.replaceChildren(...fresh.children);
  }
}

export function start(root) {
  for (const place of root.querySelectorAll("[data-waits]")) wait(place);
}
