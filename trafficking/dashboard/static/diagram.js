// The itinerary as a diagram. The server lays it out and sends numbers a few times a second; drawing them is all that is
// done here. One stop of the Tab key, arrow keys from part to part, Enter chooses; the same stands below as a table.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

function short(value, digits = 3) {
  if (!Number.isFinite(value)) return "-";
  return value === 0 ? "0" : new Intl.NumberFormat("en-GB", { maximumSignificantDigits: digits }).format(value);
}

function halfTime(rate) {
  if (!(rate > 0)) return "never";
  const minutes = Math.LN2 / rate;
  if (minutes < 100) return `${short(minutes, 2)} min`;
  return minutes < 4320 ? `${short(minutes / 60, 2)} h` : `${short(minutes / 1440, 2)} d`;
}

const words = (name) => name.replaceAll("_", " ");

function link(identifier) {
  const doi = identifier.match(/^doi (10\.\S+)$/);
  const pmid = identifier.match(/^PMID (\d+)$/);
  const to = doi ? `https://doi.org/${doi[1]}` : pmid ? `https://pubmed.ncbi.nlm.nih.gov/${pmid[1]}/` : "";
  return to ? `<a href="${escape(to)}" target="_blank" rel="noopener noreferrer">${escape(identifier)}</a>` : escape(identifier);
}

function areaShape(area) {
  const { x, y, width, height, compartment } = area;
  const wall = compartment === "membrane"
    ? `<path class="wall" d="M${x} ${y + 6}H${x + width}M${x} ${y + height - 6}H${x + width}"/>` : "";
  return `<g class="area" data-compartment="${compartment}"><rect x="${x}" y="${y}" width="${width}" height="${height}"
    rx="${compartment === "membrane" ? 4 : 26}"/>${wall}<text x="${x + 16}" y="${y + 24}">${escape(area.name)}</text></g>`;
}

function curveShape(curve, i) {
  const [[x1, y1], [cx, cy], [x2, y2]] = curve.points;
  const from = curve.made ? "synthesis" : words(curve.source);
  return `<g class="arrow" role="button" tabindex="-1" data-part="arrow:${escape(curve.name)}" data-i="${i}" aria-pressed="false">
    <title>Arrow ${escape(curve.words)}: ${escape(from)} to ${escape(words(curve.target))}</title>
    <path class="reach" d="M${x1} ${y1}Q${cx} ${cy} ${x2} ${y2}"/>
    <path class="line" d="M${x1} ${y1}Q${cx} ${cy} ${x2} ${y2}" marker-end="url(#diagram-tip)"/>
    <rect class="plate" x="${curve.label[0] - 52}" y="${curve.label[1] - 17}" width="104" height="34" rx="7"/>
    <text class="rate" x="${curve.label[0]}" y="${curve.label[1] - 2}"></text>
    <text class="half" x="${curve.label[0]}" y="${curve.label[1] + 12}"></text></g>`;
}

function boxShape(box, i, [width, height]) {
  const mark = box.bound
    ? `<circle class="bound" cx="${box.x - width / 2 + 15}" cy="${box.y}" r="6"/>` : "";
  return `<g class="state" role="button" tabindex="-1" data-part="state:${escape(box.name)}" data-i="${i}" data-compartment="${box.compartment}"
      aria-pressed="false"><title>State ${escape(box.words)}${box.bound ? ", insulin bound" : ""}</title>
    <rect x="${box.x - width / 2}" y="${box.y - height / 2}" width="${width}" height="${height}" rx="12"/>${mark}
    <text class="name" x="${box.x + (box.bound ? 9 : 0)}" y="${box.y - 4}">${escape(box.words)}</text>
    <text class="count" x="${box.x + (box.bound ? 9 : 0)}" y="${box.y + 17}"></text></g>`;
}

function nucleusShape([x, y]) {
  return `<g class="nucleus" aria-hidden="true"><ellipse cx="${x}" cy="${y}" rx="58" ry="26"/>
    <path d="M${x - 30} ${y - 7}q10 14 20 0t20 0t20 0M${x - 30} ${y + 7}q10 -14 20 0t20 0t20 0"/></g>`;
}

function detailShape(detail) {
  if (!detail.title) {
    return `<p class="diagram-hint">Choose an arrow or a box: its equation, its numbers and their sources come here.</p>`;
  }
  const constants = detail.constants.map((row) => `<tr><th scope="row"><b>${escape(row.symbol)}</b><span>${escape(row.meaning)}</span></th>
      <td><b>${escape(row.words)}</b><span>believed: ${escape(row.range)}</span><span>${escape(row.known)}</span>
      <span class="source">${escape(row.source)}${row.identifier ? `, ${link(row.identifier)}` : ""}</span></td></tr>`).join("");
  return `<h3>${escape(detail.title)}</h3><p class="diagram-ends">${escape(detail.ends)}</p>
    <p class="diagram-equation">${escape(detail.equation)}</p>
    <dl class="diagram-now"></dl>
    ${constants ? `<table class="diagram-constants"><caption>Its constants</caption><tbody>${constants}</tbody></table>` : ""}`;
}

function render({ model, el }) {
  el.classList.add("diagram");
  el.innerHTML = `<p class="diagram-title"></p><p class="diagram-more">Wider than this screen: swipe it sideways.</p>
    <div class="diagram-stage"><div class="diagram-view"></div>
    <section class="diagram-detail" aria-label="What was chosen" aria-live="polite" tabindex="0"></section></div>
    <details class="diagram-text"><summary>The same as a table</summary><div class="table-view" tabindex="0" role="region" aria-label="Transitions now"><table>
      <thead><tr><th scope="col">Transition</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Rate now (1/min)</th>
      <th scope="col">Half-time</th><th scope="col">Passing now (receptors/min)</th></tr></thead><tbody></tbody></table></div></details>`;
  const find = (selector) => el.querySelector(selector);
  const [view, detail, table] = [find(".diagram-view"), find(".diagram-detail"), find(".diagram-text")];
  let [parts, curves, boxes, said] = [[], [], [], ""];

  function build() {
    const plan = model.get("plan");
    if (!plan.boxes) return;
    view.innerHTML = `<svg viewBox="0 0 ${plan.width} ${plan.height}" role="group" aria-label="Diagram of the itinerary: arrow keys move between its parts, Enter chooses">
      <defs><marker id="diagram-tip" viewBox="0 0 12 12" refX="9" refY="6" markerWidth="15" markerHeight="15" markerUnits="userSpaceOnUse" orient="auto">
        <path d="M0 0L12 6L0 12L3 6z"/></marker></defs>
      ${plan.areas.map(areaShape).join("")}${plan.nucleus.length ? nucleusShape(plan.nucleus) : ""}
      ${plan.curves.map(curveShape).join("")}${plan.boxes.map((box, i) => boxShape(box, i, plan.box)).join("")}</svg>`;
    curves = [...view.querySelectorAll(".arrow")];
    boxes = [...view.querySelectorAll(".state")];
    parts = [...boxes, ...curves];
    parts[0].setAttribute("tabindex", "0");
    find("tbody").innerHTML = plan.curves.map((curve) => `<tr><th scope="row"><button type="button" data-part="arrow:${escape(curve.name)}">${escape(curve.words)}</button></th>
      <td>${escape(curve.made ? "-" : words(curve.source))}</td><td>${escape(words(curve.target))}</td><td></td><td></td><td></td></tr>`).join("");
    draw();
    mark();
  }

  function draw() {
    const bytes = model.get("now");
    const plan = model.get("plan");
    if (!plan.boxes || !bytes?.byteLength) return;
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const n = plan.curves.length;
    if (numbers.length !== 2 * n + plan.boxes.length) return;
    const most = Math.max(...numbers.slice(n, 2 * n), 1e-9);
    plan.curves.forEach((curve, i) => {
      const [rate, flux, shape] = [numbers[i], numbers[n + i], curves[i]];
      shape.querySelector(".line").style.strokeWidth = (1.2 + 8 * Math.sqrt(Math.max(flux, 0) / most)).toFixed(2);
      shape.classList.toggle("still", !(flux > 0));
      shape.querySelector(".rate").textContent = curve.made ? `${short(flux)} /min` : `${short(rate)} /min`;
      shape.querySelector(".half").textContent = curve.made ? "made" : halfTime(rate);
    });
    plan.boxes.forEach((box, i) => (boxes[i].querySelector(".count").textContent = whole.format(numbers[2 * n + i])));
    find(".diagram-title").textContent = `${model.get("title")}. Widest arrow: ${short(most)} receptors/min.`;
    if (table.open) {
      [...table.querySelectorAll("tbody tr")].forEach((row, i) => {
        const cells = row.querySelectorAll("td");
        cells[2].textContent = plan.curves[i].made ? "-" : short(numbers[i]);
        cells[3].textContent = plan.curves[i].made ? "-" : halfTime(numbers[i]);
        cells[4].textContent = short(numbers[n + i]);
      });
    }
    el.dataset.seq = model.get("seq");
  }

  function mark() {
    const chosen = model.get("chosen");
    for (const part of parts) part.setAttribute("aria-pressed", String(part.dataset.part === chosen));
  }

  function tell() {
    const found = model.get("detail");
    const key = `${found.title} ${found.equation} ${JSON.stringify(found.constants)}`;
    if (key !== said) {
      said = key;
      detail.innerHTML = detailShape(found);
    }
    const list = detail.querySelector("dl");
    if (list) {
      const rows = [...(found.where || []).map(([symbol, meaning, value]) => [`${symbol}: ${meaning}`, value]), ...found.now];
      list.innerHTML = rows.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join("");
    }
  }

  function choose(part) {
    model.send({ choose: model.get("chosen") === part ? "" : part });
  }

  el.addEventListener("click", (event) => {
    const part = event.target.closest("[data-part]");
    if (part) choose(part.dataset.part);
  });
  view.addEventListener("keydown", (event) => {
    const at = parts.indexOf(document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") choose(parts[at].dataset.part);
    else if (event.key === "Escape") model.send({ choose: "" });
    else if (to === undefined) return;
    else {
      parts[at].setAttribute("tabindex", "-1");
      const next = parts[(to + parts.length) % parts.length];
      next.setAttribute("tabindex", "0");
      next.focus();
    }
    event.preventDefault();
  });
  view.addEventListener("scroll", () => view.classList.toggle("ended", view.scrollLeft + view.clientWidth >= view.scrollWidth - 8));
  table.addEventListener("toggle", draw);
  const hears = { plan: build, seq: draw, chosen: mark, detail: tell };
  for (const [trait, hear] of Object.entries(hears)) model.on(`change:${trait}`, hear);
  build();
  tell();
  return () => Object.entries(hears).forEach(([trait, hear]) => model.off(`change:${trait}`, hear));
}

export default { render };
