// Every page works without scripts. Each module in this folder sets up the elements that it knows:
//
//   export function start(root) {}
//
// `start` is called with the document when the page is loaded, and again with each element that a live update placed
// into the page (the element itself, in the document already). It looks for elements in `root` and `root` itself only,
// so nothing is set up twice. Listeners on the document or the window are added when `root === document`. A module is
// found by its file: there is no list to keep. A module that places elements itself dispatches a bubbling "placed" event
// on each of them. Modules without `start` are helpers for others.

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
