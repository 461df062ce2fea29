// The numbers beside the plot, which are its legend: each row shows its line as the plot draws it, so that colour is
// never the only sign, and is a button that hides and shows the line.

function render({ model, el }) {
  el.classList.add("numbers");
  const count = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
  let rows = [];

  function build() {
    const lines = model.get("lines").map((line) => `
      <tr data-line="${line.key}"><th scope="row"><button type="button" class="numbers-line" data-line="${line.key}"><svg width="34" height="10" aria-hidden="true"><line x1="1" y1="5" x2="33" y2="5"
        stroke="var(--${line.key})" stroke-width="${line.width + 0.5}" stroke-dasharray="${line.dash.join(" ")}"/></svg>${line.label}</button></th>
        <td class="numbers-count"></td><td class="numbers-share"></td></tr>`);
    el.innerHTML = `<table><thead class="unseen"><tr><th>where</th><th>receptors</th><th>percent</th></tr></thead>
      <tbody>${lines.join("")}</tbody></table>
      <p class="numbers-base"></p><ul class="numbers-notes"></ul>
      <button type="button" class="plain numbers-scale">Logarithmic axis</button>`;
    rows = [...el.querySelectorAll("tbody tr")];
    draw();
  }

  function draw() {
    const hidden = model.get("hidden");
    rows.forEach((row) => {
      const on = !hidden.includes(row.dataset.line);
      row.classList.toggle("off", !on);
      row.querySelector("button").setAttribute("aria-pressed", String(on));
    });
    el.querySelector(".numbers-scale").setAttribute("aria-pressed", String(model.get("logarithmic")));
    el.querySelector(".numbers-base").textContent = model.get("base");
    const notes = model.get("notes").map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    el.querySelector(".numbers-notes").replaceChildren(...notes);
    tell();
  }

  function tell() {
    model.get("values").forEach(([receptors, percent], i) => {
      if (!rows[i]) return;
      rows[i].querySelector(".numbers-count").textContent = count.format(receptors);
      rows[i].querySelector(".numbers-share").textContent = `${percent.toFixed(1)} %`;
    });
  }

  function change(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  // The plot lights the line of a row that is pointed at, also one that is hidden; what was just clicked is shown as it is.
  const light = (key) => document.querySelector(".plot")?.dispatchEvent(new CustomEvent("light", { detail: key }));
  const rowOf = ({ target }) => target.closest("tr[data-line]")?.dataset.line ?? null;
  el.addEventListener("pointerover", (event) => light(rowOf(event)));
  el.addEventListener("pointerleave", () => light(null));
  el.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && light(rowOf(event)));
  el.addEventListener("focusout", () => light(null));
  el.addEventListener("click", ({ target }) => {
    light(null);
    const line = target.closest(".numbers-line")?.dataset.line;
    const hidden = model.get("hidden");
    if (line) change("hidden", hidden.includes(line) ? hidden.filter((key) => key !== line) : [...hidden, line]);
    if (target.closest(".numbers-scale")) change("logarithmic", !model.get("logarithmic"));
  });
  const changes = { lines: build, values: tell, base: draw, hidden: draw, logarithmic: draw, notes: draw };
  for (const [trait, answer] of Object.entries(changes)) model.on(`change:${trait}`, answer);
  build();
  return () => {
    for (const [trait, answer] of Object.entries(changes)) model.off(`change:${trait}`, answer);
  };
}

export default { render };
