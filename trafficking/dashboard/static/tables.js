// The tables of a run: what they mean, a few rows of them, and the files they can be taken away as.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const count = new Intl.NumberFormat("en-GB");
const SAVE = `<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="currentColor"><path
  d="M11 3h2v9l3.3-3.3 1.4 1.4L12 15.8 6.3 10.1 7.7 8.7 11 12zM4 18h16v2.2H4z"/></svg>`;

function render({ model, el }) {
  el.classList.add("tables");
  el.innerHTML = `
    <section class="card tables-head">
      <div><h2>Data of the run on Live</h2><p class="tables-made"></p></div>
      <button type="button" data-do="read">Read again</button>
      <p class="tables-note" role="status"></p>
      <div class="tables-files"></div>
      ${model.get("asked").files}</section>
    <section class="card tables-choice">
      <div class="tables-names" role="group" aria-label="Tables"></div>
      <h2 class="tables-title"></h2><p class="tables-about"></p>
      <div class="tables-scroll" tabindex="0" role="group" aria-label="Columns">
        <table class="tables-columns"><thead><tr><th scope="col">Column</th><th scope="col">Meaning</th><th scope="col">Unit</th>
          <th scope="col">Smallest</th><th scope="col">Mean</th><th scope="col">Largest</th><th scope="col">Final</th></tr></thead><tbody></tbody></table>
      </div>
      ${model.get("asked").columns}</section>
    <section class="card tables-preview">
      <div class="tables-pager" role="group" aria-label="Rows shown">
        <button type="button" data-page="first">First</button><button type="button" data-page="back">Back</button>
        <p class="tables-where"></p>
        <button type="button" data-page="on">On</button><button type="button" data-page="last">Last</button>
        <label class="field tables-jump">Go to row<input type="number" min="1" step="1"></label>
      </div>
      <div class="tables-scroll" tabindex="0" role="group" aria-label="Rows">
        <table class="tables-rows"><thead></thead><tbody></tbody></table>
      </div>
      ${model.get("asked").rows}</section>`;
  const find = (selector) => el.querySelector(selector);
  const ask = (what, more = {}) => model.send({ do: what, ...more });

  // Written only where it differs, so that what has the focus keeps it.
  function put(element, html) {
    if (element.dataset.html === html) return;
    element.innerHTML = element.dataset.html = html;
  }

  // A run that goes on is read again, while somebody can see it.
  let next = 0;
  function later(seconds) {
    clearTimeout(next);
    if (seconds) next = setTimeout(() => (document.hidden ? later(seconds) : ask("read")), 1000 * seconds);
  }

  function draw() {
    const state = model.get("state");
    later(state.again_s);
    find(".tables-note").textContent = state.note ?? "";
    if (!state.run) return;
    find(".tables-made").innerHTML = `<b>${escape(state.scenario)}</b> ${escape(state.made)}`;
    put(find(".tables-files"), state.files.map(([group, entries]) => `<div role="group" aria-label="${escape(group)}"><span>${escape(group)}</span><span>${
      entries.map(([file, name, kind]) => `<a class="button" download href="/export/${state.run}/${file}">${SAVE}<span>${escape(name)} <small>${escape(kind)}</small></span></a>`).join("")
    }</span></div>`).join(""));
    const names = find(".tables-names");
    if (names.children.length !== state.tables.length)
      names.replaceChildren(...state.tables.map(([name]) => Object.assign(document.createElement("button"), { type: "button", value: name })));
    state.tables.forEach(([name, title, rows], i) => {
      const button = names.children[i];
      button.value = name;
      put(button, `<span>${escape(title)} <small>${count.format(rows)} row${rows === 1 ? "" : "s"}</small></span>`);
      button.setAttribute("aria-pressed", String(name === state.table));
    });
    find(".tables-title").textContent = state.title;
    find(".tables-about").textContent = state.about;
    find(".tables-columns tbody").innerHTML = state.columns
      .map((c) => `<tr><th scope="row"><code>${escape(c.name)}</code></th><td>${escape(c.label)}</td><td>${escape(c.unit) || "–"}</td>${
        [0, 1, 2, 3].map((i) => `<td class="n">${escape(c.summary[i] ?? "–")}</td>`).join("")}</tr>`).join("");
    find(".tables-rows thead").innerHTML = `<tr><th scope="col" class="n">Row</th>${state.columns
      .map((c) => `<th scope="col"${c.summary.length ? ' class="n"' : ""}><code>${escape(c.name)}</code><small>${escape(c.unit) || "&nbsp;"}</small></th>`).join("")}</tr>`;
    find(".tables-rows tbody").innerHTML = state.rows
      .map((row, i) => `<tr><td class="n tables-number">${count.format(state.first + i + 1)}</td>${row
        .map((cell, k) => `<td${state.columns[k].summary.length ? ' class="n"' : ""}>${escape(cell)}</td>`).join("")}</tr>`).join("");
    const last = state.first + state.rows.length;
    find(".tables-where").textContent = state.total
      ? `Rows ${count.format(state.first + 1)} to ${count.format(last)} of ${count.format(state.total)}` : "This table has no rows in this run.";
    for (const [name, off] of [["first", !state.first], ["back", !state.first], ["on", last >= state.total], ["last", last >= state.total]])
      find(`[data-page=${name}]`).disabled = off;
    find(".tables-jump input").max = Math.max(state.total, 1);
    el.dataset.table = state.table;
    el.dataset.first = state.first;
  }

  el.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const state = model.get("state");
    if (button.dataset.do) ask(button.dataset.do);
    else if (button.dataset.page) {
      const places = { first: 0, back: state.first - state.page, on: state.first + state.page, last: state.total - 1 };
      ask("page", { first: Math.max(places[button.dataset.page], 0) });
    } else ask("table", { table: button.value });
  });
  find(".tables-jump input").addEventListener("change", (event) => {
    if (event.target.value) ask("page", { first: Math.max(Math.round(Number(event.target.value)) - 1, 0) });
  });
  model.on("change:state", draw);
  draw();
  return () => {
    clearTimeout(next);
    model.off("change:state", draw);
  };
}

export default { render };
