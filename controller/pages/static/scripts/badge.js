// What can be noticed from another tab: the title and the icon say how much is wrong.

const own = document.title.replace(/^▼\d+ down – /, "");
const RED = "#cf222e";
const GREY = "#57606a";

const icon = (colour, text) => `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fae"/>` +
  `<path d="M6 10h20v13H6zM6 11l10 7 10-7" fill="none" stroke="#fff" stroke-width="2.2"/>` +
  `<circle cx="22" cy="22" r="10" fill="${colour}"/><text x="22" y="27" font-size="14"` +
  ` font-family="sans-serif" font-weight="700" text-anchor="middle" fill="#fff">${text}</text></svg>`)}`;

// `wrong` is the number of monitors that are down or partial; null when it is not known any more.
export function showBadge(wrong) {
  const link = document.querySelector('link[rel="icon"]');
  if (!link) return;
  link.dataset.own ??= link.href;
  const href = wrong === null ? icon(GREY, "?") : wrong ? icon(RED, wrong > 9 ? "9+" : wrong) : link.dataset.own;
  const title = wrong === null ? `? ${own}` : wrong ? `▼${wrong} down – ${own.replace(/^Overview – /, "")}` : own;
  if (document.title !== title) document.title = title;
  if (link.href !== href) link.href = href;
}
