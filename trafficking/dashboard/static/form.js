// A form of native inputs, one button to compute with it, and how far that is.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

function input(field) {
  const name = `name="${escape(field.name)}"${field.live ? " data-live" : ""}`;
  if (field.kind === "select") return `<select ${name}></select>`;
  if (field.kind === "number")
    return `<input ${name} type="number" min="${field.low}" max="${field.high}" step="${field.step ?? "any"}" value="${escape(field.value)}" required>`;
  return `<input ${name} type="text" maxlength="80" value="${escape(field.value)}"${field.optional ? "" : " required"}>`;
}

function render({ model, el }) {
  el.classList.add("form");
  el.innerHTML = `<form><div class="form-fields"></div><div class="form-act"><button type="submit" class="chief"></button>
    <button type="button" class="form-cancel" hidden>Cancel</button><progress max="1" aria-label="Progress" hidden></progress>
    <p class="form-words" role="status"></p></div><p class="form-stale" aria-live="polite"></p><p class="form-fault" role="alert"></p></form>`;
  const find = (selector) => el.querySelector(selector);
  const form = find("form");
  const filled = () => model.get("filled")[0] ?? 0;
  const keep = () => model.set("typed", { since: filled(), values: values() }); // not sent: it is this browser's own
  const values = () => Object.fromEntries([...form.elements].filter((e) => e.name).map((e) => [e.name, e.value]));
  let shape = null;

  // Built anew only where other fields come; what was typed stays.
  function build() {
    const fields = model.get("fields");
    const now = JSON.stringify(fields.map(({ options, value, ...rest }) => rest));
    if (now !== shape) {
      shape = now;
      find(".form-fields").innerHTML = fields
        .map((f) => `<label class="field form-${escape(f.name)}"><span>${escape(f.label)}${f.unit ? ` <small>${escape(f.unit)}</small>` : ""}</span>${input(f)}</label>`).join("");
    }
    for (const field of fields.filter((f) => f.kind === "select")) {
      const select = form.elements[field.name];
      const html = field.options.map(([value, text]) => `<option value="${escape(value)}">${escape(text)}</option>`).join("");
      if (select.dataset.html !== html) {
        const held = select.dataset.html === undefined ? field.value : select.value;
        select.innerHTML = select.dataset.html = html;
        select.value = field.options.some(([value]) => String(value) === held) ? held : field.value;
      }
    }
    form.setAttribute("aria-label", model.get("label"));
    find("[type=submit]").textContent = model.get("action");
    find(".form-act").hidden = !model.get("action");
  }

  function fill() {
    put(model.get("filled")[1] ?? {});
    judge();
  }

  function put(given) {
    for (const [name, value] of Object.entries(given)) {
      const field = form.elements[name];
      if (!field) continue;
      const was = field.value;
      field.value = value;
      if (field.value !== String(value)) field.value = was; // an option that is no longer there
    }
  }

  // A number may be written in many ways.
  function differs({ name, kind }, answered) {
    const [then, now] = [String(answered[name] ?? ""), form.elements[name].value];
    return kind === "number" ? Number(then) !== Number(now) || !now : then.trim() !== now.trim();
  }

  // Whether the answer on the page belongs to what the fields hold.
  function judge() {
    const answered = model.get("answered");
    const stale = model.get("fields").some((field) => field.name in answered && differs(field, answered));
    const todo = model.get("state").busy ? "it is replaced once this is computed." : `press “${model.get("action")}” to compute again.`;
    const words = stale ? `Settings have changed since: the answer below is of those it names; ${todo}` : "";
    if (find(".form-stale").textContent !== words) find(".form-stale").textContent = words;
    el.dataset.stale = stale;
  }

  // What was typed is there when the reader comes back to the page, unless the form was filled in anew meanwhile.
  function restore() {
    const { since, values: typed } = model.get("typed");
    if (since === filled()) put(typed);
    else fill();
  }

  function draw() {
    const state = model.get("state");
    find("[type=submit]").disabled = state.busy;
    find(".form-cancel").hidden = find("progress").hidden = !state.busy;
    find("progress").value = state.share;
    if (find(".form-words").textContent !== state.words) find(".form-words").textContent = state.words;
    if (find(".form-fault").textContent !== state.fault) find(".form-fault").textContent = state.fault;
    el.dataset.busy = state.busy;
    judge();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!model.get("state").busy) model.send({ do: "start", values: values() });
  });
  for (const type of ["input", "change"])
    form.addEventListener(type, () => {
      keep();
      judge();
    });
  form.addEventListener("change", (event) => {
    if ("live" in event.target.dataset) model.send({ do: "change", values: values() });
  });
  find(".form-cancel").addEventListener("click", () => model.send({ do: "cancel" }));
  for (const trait of ["fields", "action", "label"]) model.on(`change:${trait}`, build);
  model.on("change:state", draw);
  model.on("change:filled", fill);
  model.on("change:answered", judge);
  build();
  restore();
  draw();
  return () => {
    for (const trait of ["fields", "action", "label"]) model.off(`change:${trait}`, build);
    model.off("change:state", draw);
    model.off("change:filled", fill);
    model.off("change:answered", judge);
  };
}

export default { render };
