// Puts newer HTML of this page in place. What did not change stays, and so do focus, open details, and forms in which
// somebody types.
import { writeTimes } from "./times.js";

const WALKED = new Set(["MAIN", "SECTION", "ARTICLE", "DIV", "TABLE", "THEAD", "TBODY", "UL", "OL", "DL", "DETAILS"]);
const KEPT = new Set(["open", "tabindex"]);
const FIELDS = "input:not([type=hidden]), select, textarea";
const FOCUSABLE = "a, button, input, select, textarea, summary, [tabindex]";
const SHOWN_MS = 2000;

function changed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
}

// Whether somebody fills in a form in this element.
export function busy(element) {
  return [...element.querySelectorAll(FIELDS)].some((field) => field === document.activeElement || changed(field));
}

function selected(element) {
  const selection = document.getSelection();
  return !selection.isCollapsed && selection.containsNode(element, true);
}

// The elements of a text, ready to stand in this page. Texts for everybody have no token in their forms.
function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const content = document.importNode(template.content, true);
  const token = document.querySelector('header [name="_csrf_token"]').value;
  for (const field of content.querySelectorAll('[name="_csrf_token"]')) field.value = token;
  writeTimes(content);
  return content;
}

const words = (element) => element.textContent.replace(/\s+/g, " ");
const place = (node) => node instanceof Element && node.dispatchEvent(new Event("placed", { bubbles: true }));

function swap(old, fresh) {
  const active = document.activeElement;
  const held = old.contains(active);
  const focus = [...old.querySelectorAll(FOCUSABLE)].indexOf(active);
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  const news = fresh.matches("[data-item]") && words(old) !== words(fresh);
  old.replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((details, number) => {
    details.open = open[number] ?? details.open;
  });
  if (old.hasAttribute("tabindex")) fresh.tabIndex = old.tabIndex;
  if (held) (focus < 0 ? fresh : fresh.querySelectorAll(FOCUSABLE)[focus])?.focus({ preventScroll: true });
  fresh.classList.toggle("news", news);
  if (news) setTimeout(() => fresh.classList.remove("news"), SHOWN_MS);
  place(fresh);
}

function adopt(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!KEPT.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

// Returns whether everything is in place; false when somebody types or selects there.
function update(old, fresh) {
  if (old.isEqualNode(fresh)) return true;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
  } else if (WALKED.has(old.tagName)) {
    adopt(old, fresh);
    return updateChildren(old, fresh);
  } else if (busy(old) || selected(old)) {
    return old.tagName === "FORM";
  } else {
    swap(old, fresh);
  }
  return true;
}

function updateChildren(old, fresh) {
  let done = true;
  const left = [...old.childNodes];
  let before = null;
  for (const child of [...fresh.childNodes]) {
    const number = left.findIndex((one) => one.nodeName === child.nodeName && (one.id ?? "") === (child.id ?? ""));
    const kept = number < 0 ? child : left.splice(number, 1)[0];
    const next = before ? before.nextSibling : old.firstChild;
    if (kept !== next) old.insertBefore(kept, next);
    const after = kept.nextSibling;
    if (kept === child) place(child);
    else done = update(kept, child) && done;
    before = after ? after.previousSibling : old.lastChild;
  }
  for (const one of left) {
    if (one.nodeType !== Node.ELEMENT_NODE || !(busy(one) || selected(one))) one.remove();
    else done = false;
  }
  return done;
}

// The element with this id becomes that of the text. Returns whether it is in place.
export function updateById(id, html) {
  const old = document.getElementById(id);
  const fresh = parsed(html).firstElementChild;
  return !old || !fresh || update(old, fresh);
}

// The element with this id becomes that of a whole page's text. Returns the new one; nothing when the text has none.
export function updatePart(id, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.getElementById(id);
  if (fresh) updateById(id, fresh.outerHTML);
  return fresh;
}

export function updateMain(html) {
  const main = document.getElementById("main");
  writeTimes(main); // so that what differs is not only the age of the page
  const focus = document.activeElement;
  const done = updateChildren(main, parsed(html));
  if (focus !== document.activeElement && main.contains(focus)) focus.focus({ preventScroll: true });
  return done;
}
