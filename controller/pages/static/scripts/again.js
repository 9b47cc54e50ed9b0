// A part of a page that is not complete yet is fetched again, until it is.
import { updatePart } from "./patch.js";

const PAUSE_MS = 1000;

async function refresh(part) {
  while (part.isConnected && "again" in part.dataset) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (document.hidden) continue;
    const answer = await fetch(location.href, { headers: { Accept: "text/html; fragment" }, cache: "no-store" });
    if (!answer.ok) return;
    if (!updatePart(part.id, await answer.text())) return;
  }
}

export function start(root) {
  for (const part of root.querySelectorAll("[data-again]")) {
    if (part.dataset.again === location.pathname) refresh(part).catch(() => {});
  }
}
