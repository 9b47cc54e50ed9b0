// The link of a screen has its token in the fragment, which reaches no server and no log. It is removed from the address
// bar and the history before anything else, and sent by the page's own form.
function exchange() {
  const found = /^#screen=([\w-]{1,100})$/.exec(location.hash);
  if (location.hash.startsWith("#screen=")) history.replaceState(history.state, "", location.pathname + location.search);
  const field = document.getElementById("screen");
  if (!found || !field) return;
  field.value = found[1];
  field.form.requestSubmit();
}

addEventListener("hashchange", exchange);
exchange();
