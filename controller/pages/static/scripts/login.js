// A login link has its one-time code in the fragment, which reaches no server and no log. It is removed from the address
// bar and the history before anything else, on every page, and sent by the login page's own form.
const CODE = /^#code=([0-9A-Za-z_-]{1,100})$/;

const found = CODE.exec(location.hash);
if (location.hash.startsWith("#code=")) history.replaceState(history.state, "", location.pathname + location.search);

const field = document.getElementById("code");
if (found && field?.form) {
  const others = document.getElementById("by-code");
  if (others) others.open = true;
  field.value = found[1];
  if (!field.form.classList.contains("ask")) field.form.requestSubmit();
}
