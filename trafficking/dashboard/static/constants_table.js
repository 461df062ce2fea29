// Constants in a table: search, what was chosen in the diagram standing out, and a row's own editor. Whether a value is
// possible is decided by the server; the browser shows the range and passes on what was asked for.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const NOTCHES = 200; // of a slider

function link(identifier) {
  const doi = identifier.match(/^doi (10\.\S+)$/);
  const pmid = identifier.match(/^PMID (\d+)$/);
  const to = doi ? `https://doi.org/${doi[1]}` : pmid ? `https://pubmed.ncbi.nlm.nih.gov/${pmid[1]}/` : "";
  return to ? `<a href="${escape(to)}" target="_blank" rel="noopener noreferrer">${escape(identifier)}</a>` : escape(identifier);
}

// A slider's scale: logarithmic where a range spans more than a factor of twenty; it ends where numbers stop to matter.
function scaleOf(row) {
  const low = row.low;
  const high = row.high >= 1e9 ? Math.max(20 * Math.max(low, 1e-6), 2 * Math.min(row.value, 1e8)) : row.high;
  const log = low > 0 && high / low > 20;
  const digits = (value) => Number(value.toPrecision(4));
  return {
    at: (notch) => (notch <= 0 ? low : notch >= NOTCHES ? high : digits(log ? low * (high / low) ** (notch / NOTCHES) : low + ((high - low) * notch) / NOTCHES)),
    notch: (value) => Math.round(NOTCHES * Math.min(Math.max(log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low), 0), 1)),
  };
}

function rowShape(row, open, marked) {
  const change = row.editable ? `<button type="button" data-change="${escape(row.symbol)}" aria-expanded="${open}">Change<span class="unseen"> ${escape(row.symbol)}</span></button>` : "";
  const mark = row.mark ? `<span class="constants-mark" data-mark="${escape(row.mark)}">${escape(row.mark)}</span>` : "";
  return `<tr data-symbol="${escape(row.symbol)}" class="${marked ? "marked" : ""}"><th scope="row">${escape(row.symbol)}${marked ? '<span class="unseen"> (chosen in the diagram)</span>' : ""}</th>
    <td>${escape(row.meaning)}</td><td class="constants-value"><b>${escape(row.words)}</b>${mark}</td><td>${escape(row.range)}</td>
    <td>${escape(row.status)}${row.fitted ? ", fitted" : ""}<span class="constants-quiet">confidence ${escape(row.confidence)}</span></td>
    <td class="constants-source">${escape(row.source)}${row.identifier ? `, ${link(row.identifier)}` : ""}${row.note ? `<span class="constants-quiet">${escape(row.note)}</span>` : ""}</td>
    <td>${change}</td></tr>`;
}

function editorShape(row) {
  const unit = row.unit === "1" ? "" : row.unit;
  const scale = scaleOf(row);
  const back = row.usual ? "disabled" : "";
  const endless = row.high >= 1e9 ? `<button type="button" data-off>Switch it off</button>` : "";
  return `<tr class="constants-editor"><td colspan="7"><form data-symbol="${escape(row.symbol)}" novalidate>
    <label class="field">${escape(row.symbol)} <small>${escape(unit || "no unit")}</small><input name="number" inputmode="decimal" autocomplete="off" value="${row.value >= 1e9 ? "" : row.value}" ${row.value >= 1e9 ? 'placeholder="never reached"' : ""}></label>
    <label class="field constants-slide"><span>${escape(row.range)}</span><input name="slide" type="range" min="0" max="${NOTCHES}" step="1" value="${scale.notch(row.value)}" aria-label="${escape(row.symbol)} within ${escape(row.range)}"></label>
    <button type="submit" class="chief">Run with this</button>${endless}
    <button type="button" data-back ${back}>${escape(row.back)} <small>${escape(row.default_words)}</small></button></form></td></tr>`;
}

function render({ model, el }) {
  el.classList.add("constants");
  el.innerHTML = `<div class="constants-head"><label class="field constants-search">Search <input type="search" name="search" placeholder="recycling, Knutson, fit …"></label>
      <label class="field">Show<select name="which"><option value="">all</option><option value="marked">chosen in the diagram</option>
        <option value="changed">changed</option><option value="doubtful">fitted or assumed</option></select></label>
      <button type="button" data-undo>Undo all changes</button><p class="constants-count" role="status"></p></div>
    <p class="constants-note" role="status"></p><p class="constants-fault" role="alert"></p>
    <div class="table-view" tabindex="0" role="region" aria-label="Constants"><table><thead><tr><th scope="col">Symbol</th><th scope="col">Meaning</th><th scope="col">Value</th>
      <th scope="col">Believed to lie in</th><th scope="col">Known</th><th scope="col">Source</th><th scope="col"><span class="unseen">Change</span></th></tr></thead><tbody></tbody></table></div>`;
  const find = (selector) => el.querySelector(selector);
  const [search, which, body] = [find("[name=search]"), find("[name=which]"), find("tbody")];
  let open = "";

  function wanted(row, marked) {
    const text = Object.values(row).join(" ").toLowerCase();
    if (!search.value.toLowerCase().split(/\s+/).every((word) => text.includes(word))) return false;
    if (which.value === "marked") return marked;
    if (which.value === "changed") return row.mark !== "";
    if (which.value === "doubtful") return ["fit", "assumption", "own"].includes(row.status);
    return true;
  }

  function draw() {
    const [rows, marked] = [model.get("rows"), new Set(model.get("marked"))];
    const shown = rows.filter((row) => wanted(row, marked.has(row.symbol)));
    body.innerHTML = shown.map((row) => rowShape(row, row.symbol === open, marked.has(row.symbol)) + (row.symbol === open ? editorShape(row) : "")).join("");
    find(".constants-count").textContent = `${model.get("cell")}: ${shown.length} of ${rows.length} constants`;
    find("[data-undo]").disabled = !model.get("changes");
  }

  function say() {
    find(".constants-note").textContent = model.get("note");
    find(".constants-fault").textContent = model.get("fault");
  }

  const rowOf = (symbol) => model.get("rows").find((row) => row.symbol === symbol);
  const refuse = (text) => (find(".constants-fault").textContent = text);

  body.addEventListener("click", (event) => {
    const change = event.target.closest("[data-change]");
    const form = event.target.closest("form");
    if (change) {
      open = open === change.dataset.change ? "" : change.dataset.change;
      draw();
      (find("[name=number]") ?? find(`[data-change="${change.dataset.change}"]`))?.focus();
    } else if (event.target.closest("[data-back]")) model.send({ symbol: form.dataset.symbol, value: rowOf(form.dataset.symbol).default });
    else if (event.target.closest("[data-off]")) model.send({ symbol: form.dataset.symbol, value: 1e9 });
  });
  body.addEventListener("input", (event) => {
    if (event.target.name !== "slide") return;
    const form = event.target.form;
    form.elements.number.value = scaleOf(rowOf(form.dataset.symbol)).at(Number(event.target.value));
  });
  body.addEventListener("change", (event) => {
    if (event.target.name !== "number") return;
    const form = event.target.form;
    const value = Number(event.target.value);
    if (Number.isFinite(value)) form.elements.slide.value = scaleOf(rowOf(form.dataset.symbol)).notch(value);
  });
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const text = form.elements.number.value.trim().replace(",", ".");
    if (text === "" || !Number.isFinite(Number(text))) return refuse(`${form.dataset.symbol}: '${text}' given; a number is needed, such as ${rowOf(form.dataset.symbol).default_words}`);
    model.send({ symbol: form.dataset.symbol, value: Number(text) });
  });
  find("[data-undo]").addEventListener("click", () => model.send({ undo: true }));
  search.addEventListener("input", draw);
  which.addEventListener("change", draw);

  // Focus stays where it was when the server's answer redraws the rows.
  function redraw() {
    const name = body.contains(document.activeElement) ? document.activeElement.getAttribute("name") || document.activeElement.dataset.change : "";
    draw();
    if (name) (find(`tbody [name="${name}"]`) ?? find(`[data-change="${name}"]`))?.focus({ preventScroll: true });
  }
  const hears = { rows: redraw, marked: redraw, changes: redraw, note: say, fault: say };
  for (const [trait, hear] of Object.entries(hears)) model.on(`change:${trait}`, hear);
  draw();
  say();
  return () => Object.entries(hears).forEach(([trait, hear]) => model.off(`change:${trait}`, hear));
}

export default { render };
