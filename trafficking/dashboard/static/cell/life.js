// The followed receptor: who it is, where it has been, for how long.

function make(tag, className, text = "", attributes = {}) {
  const found = document.createElement(tag);
  if (className) found.className = className;
  if (text) found.textContent = text;
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  return found;
}

const swatch = (key) => {
  const found = make("i", "", "", { "aria-hidden": "true" });
  found.style.background = `var(--${key})`;
  return found;
};

function table(head, rows) {
  const found = make("table");
  const top = make("tr");
  for (const name of head) top.append(make("th", "", name, { scope: "col" }));
  const tbody = make("tbody");
  for (const [key, name, ...cells] of rows) {
    const row = make("tr", "", "", { "data-key": key });
    const first = make("th", "", name, { scope: "row" });
    first.prepend(swatch(key));
    row.append(first, ...cells.map((cell) => make("td", "", String(cell))));
    tbody.append(row);
  }
  const thead = make("thead");
  thead.append(top);
  found.append(thead, tbody);
  return found;
}

function bar(pieces, rows) {
  const text = rows.map(([, name, , , share]) => `${name} ${share}`).join(", ");
  const found = make("div", "life-bar", "", { role: "img", "aria-label": `Its life so far, in order of time. ${text}.` });
  for (const [key, from, to] of pieces) {
    const piece = make("span");
    piece.style.left = `${100 * from}%`;
    piece.style.width = `${Math.max(100 * (to - from), 0.3)}%`;
    piece.style.background = `var(--${key})`;
    found.append(piece);
  }
  return found;
}

function render({ model, el }) {
  el.classList.add("life");
  const head = make("div", "life-head");
  const name = make("h2", "");
  const drop = make("button", "", "Let go", { type: "button" });
  drop.addEventListener("click", () => model.send({ drop: true }));
  head.append(name, drop);
  const body = make("div", "life-body");
  // Kept while the rest is drawn anew, so that it stays open and in focus.
  const past = make("details");
  const log = make("ol", "life-steps");
  past.open = innerHeight >= 1200; // elsewhere there is only room for the sum of them
  past.append(make("summary", "", "Latest steps"), log);
  const hint = make("p", "life-hint", "Click a receptor in the cell to follow its life.");
  el.append(hint, head, body, past);

  function draw() {
    const { name: who, place, note, born, facts, told, bar: pieces, rows, steps } = model.get("panel");
    hint.hidden = Boolean(who);
    head.hidden = body.hidden = !who;
    past.hidden = !who || !steps.length;
    el.dataset.receptor = who || "";
    if (!who) return;
    name.textContent = `Receptor ${who}`;
    const lines = [];
    if (born) lines.push(make("p", "life-born", born));
    if (note) lines.push(make("p", "life-note", note));
    const list = make("dl");
    for (const [key, value] of facts) list.append(make("dt", "", key), make("dd", "", value));
    lines.push(list);
    if (told < 1 && !note) lines.push(make("p", "life-note", `Reading its past: ${Math.round(100 * told)} %`));
    if (pieces.length) lines.push(bar(pieces, rows), table(["", "Stays", "Time", "Share"], rows));
    log.replaceChildren(
      ...steps.map(([time, what]) => {
        const step = make("li");
        step.append(make("time", "", time), make("span", "", what));
        return step;
      }),
    );
    if (place < 0 && !note && facts[0][0] === "Now") lines.push(make("p", "life-note", "It has no dot among those shown."));
    body.replaceChildren(...lines);
  }

  model.on("change:panel", draw);
  draw();
  return () => model.off("change:panel", draw);
}

export default { render };
