// A sentence, a table of numbers with units, and files.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const SAVE = `<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="currentColor"><path
  d="M11 3h2v9l3.3-3.3 1.4 1.4L12 15.8 6.3 10.1 7.7 8.7 11 12zM4 18h16v2.2H4z"/></svg>`;

function swatch(look) {
  return look ? `<svg width="34" height="10" aria-hidden="true"><line x1="1" y1="5" x2="33" y2="5" stroke="var(--${look.colour})"
    stroke-width="2.500" stroke-dasharray="${look.dash.join(" ")}"/></svg>` : "";
}

function render({ model, el }) {
  el.classList.add("sheet");
  el.innerHTML = `<p class="sheet-of answer-of"></p><p class="sheet-sentence" aria-live="polite"></p><p class="sheet-detail"></p>
    <div class="sheet-scroll" tabindex="0" role="group"><table><thead></thead><tbody></tbody></table></div><p class="sheet-caption"></p>
    <div class="sheet-files"></div>`;
  const find = (selector) => el.querySelector(selector);
  const say = (selector, text) => {
    const element = find(selector);
    if (element.textContent !== text) element.textContent = text;
    element.hidden = !text;
  };

  function draw() {
    const { of = "", sentence = "", detail = "", caption = "", head = [], rows = [], links = [], removable = false } = model.get("state");
    say(".sheet-of", of);
    say(".sheet-sentence", sentence);
    say(".sheet-detail", detail);
    say(".sheet-caption", caption);
    const scroll = find(".sheet-scroll");
    scroll.hidden = !rows.length;
    scroll.setAttribute("aria-label", caption || "Table");
    find("thead").innerHTML = `<tr>${head.map(([label, unit]) => `<th scope="col">${escape(label)}<small>${escape(unit) || "&nbsp;"}</small></th>`).join("")}${removable ? '<th scope="col"><span class="unseen">Remove</span></th>' : ""}</tr>`;
    find("tbody").innerHTML = rows.map(({ look, cells, note }, i) => `<tr>${cells.map((cell, k) => (k
      ? `<td>${escape(cell)}</td>` : `<th scope="row">${swatch(look)}<span>${escape(cell)}</span>${note ? `<small>${escape(note)}</small>` : ""}</th>`)).join("")}${
      removable ? `<td><button type="button" data-row="${i}" aria-label="Remove ${escape(cells[0])}">Remove</button></td>` : ""}</tr>`).join("");
    find(".sheet-files").innerHTML = links.map(([address, name, kind]) => `<a class="button" download href="${escape(address)}">${SAVE}<span>${escape(name)} <small>${escape(kind)}</small></span></a>`).join("");
    el.dataset.rows = rows.length;
  }

  el.addEventListener("click", (event) => {
    const row = event.target.closest("button")?.dataset.row;
    if (row !== undefined) model.send({ remove: Number(row) });
  });
  model.on("change:state", draw);
  draw();
  return () => model.off("change:state", draw);
}

export default { render };
