// A quiet line under the plot: the way back in time, and what to do with two futures.

const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

function render({ model, el }) {
  el.classList.add("futures");
  el.innerHTML = `
    <button type="button" class="quiet" data-do="open" aria-expanded="false" aria-controls="futures-form">Go back in time</button>
    <form id="futures-form" hidden><label>Back to <input name="at" autocomplete="off" spellcheck="false" aria-describedby="futures-fault"></label>
      <button type="submit" class="quiet chief">Go back</button><button type="button" class="quiet" data-do="close">Cancel</button>
      <small class="fault" id="futures-fault" role="alert"></small><small class="futures-hint">or touch the whole run; this future stays, pale</small></form>
    <span class="futures-two" hidden><svg viewBox="0 0 34 8" width="34" height="8" aria-hidden="true"><path d="M1 4H33" stroke="currentColor" stroke-width="2.5" stroke-dasharray="2 3"/></svg>
      <span class="futures-legend"></span><span class="futures-ways"><button type="button" class="quiet" data-do="swap">Go on with it</button>
      <button type="button" class="quiet" data-do="drop">Drop it</button></span></span>`;
  const find = (selector) => el.querySelector(selector);
  const [form, input, open] = [find("form"), find("input"), find("[data-do=open]")];

  let chosen = null;
  let awaited = false; // the form is open, and the server does not yet say so
  let typed = false; // meanwhile

  function draw() {
    const state = model.get("state");
    if (!("ready" in state)) return;
    const opening = state.open && (form.hidden || awaited);
    if (state.open) awaited = false;
    const closing = !form.hidden && !state.open && !awaited && form.contains(document.activeElement);
    form.hidden = !state.open && !awaited;
    open.hidden = !form.hidden;
    open.disabled = !state.ready;
    open.setAttribute("aria-expanded", String(!form.hidden));
    if (chosen !== state.chosen && !(opening && typed)) input.value = state.text; // what is typed stays as it is
    chosen = state.chosen;
    input.setAttribute("aria-invalid", String(Boolean(state.fault)));
    say(find(".fault"), state.fault);
    find(".futures-hint").hidden = Boolean(state.fault);
    find(".futures-two").hidden = !state.legend || state.open;
    say(find(".futures-legend"), state.legend);
    if (opening && !typed) input.select();
    if (closing) open.focus({ preventScroll: true });
  }

  el.addEventListener("click", (event) => {
    const what = event.target.closest("[data-do]")?.dataset.do;
    if (!what) return;
    if (what === "open") {
      // At once: a key that is pressed before the answer is meant for the field, not for the page.
      [awaited, typed, form.hidden, open.hidden] = [true, false, false, true];
      input.focus({ preventScroll: true });
    }
    if (what === "close") awaited = false;
    model.send({ do: what });
  });
  input.addEventListener("input", () => {
    typed = true;
    model.send({ do: "at", text: input.value });
  });
  el.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && (model.get("state").open || awaited)) model.send({ do: "close" });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    model.send({ do: "back", text: input.value });
  });
  model.on("change:state", draw);
  draw();
  return () => model.off("change:state", draw);
}

export default { render };
