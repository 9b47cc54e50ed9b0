// What can be noticed from another tab: the title and the icon say how much is wrong.

const own = document.title.replace(/^▼\d+ down – /, "");
const link = document.querySelector('link[rel="icon"]');
const href = link?.href;

const icon = (colour, text) => `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fae"/>` +
  `<path d="M6 10h20v13H6zM6 11l10 7 10-7" fill="none" stroke="#fff" stroke-width="2.2"/><circle cx="22" cy="22" r="10"` +
  ` fill="${colour}"/><text x="22" y="27" font-family="sans-serif" font-size="14" font-weight="700" fill="#fff"` +
  ` text-anchor="middle">${text}</text></svg>`)}`;

// `wrong` is the number of monitors that are down or partial; null when it is not known any more.
export function showBadge(wrong) {
  if (wrong) document.title = `▼${wrong} down – ${own.replace(/^Overview – /, "")}`;
  else document.title = wrong === null ? `? ${own}` : own;
  const now = wrong ? icon("#cf222e", wrong > 9 ? "9+" : wrong) : wrong === null ? icon("#57606a", "?") : href;
  if (link && link.href !== now) link.href = now;
}
