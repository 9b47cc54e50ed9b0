// Another protocol has other fields: the server draws the form anew, with what was typed. Without scripts a button does.
export function start(root) {
  const kind = root.querySelector(".monitor-form #kind");
  const draw = kind?.form.querySelector('button[name="draw"]');
  if (!draw) return;
  draw.hidden = true;
  kind.addEventListener("change", () => kind.form.requestSubmit(draw));
}
