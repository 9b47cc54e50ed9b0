// Every page works without scripts. A module of this folder sets up the elements that it knows in
//
//   export function start(root) {}
//
// which is called with the document when the page is loaded, and again with each element that a live update placed. It
// looks only in `root` and at `root` itself, so nothing is set up twice; listeners on the document are added when `root`
// is the document. Who places an element dispatches a bubbling "placed" event on it. There is no list to keep: every
// file is preloaded, and found by that. Modules without `start` are helpers for others.

const links = document.querySelectorAll('link[rel="modulepreload"]');
const modules = Promise.all([...links].map((link) => import(link.href)));

async function start(root) {
  for (const module of await modules) {
    try {
      module.start?.(root);
    } catch (error) {
      console.error(error);
    }
  }
}

document.addEventListener("placed", (event) => start(event.target));
start(document);
