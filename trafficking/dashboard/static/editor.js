// The exposure editor: a list of segments, and their insulin as a curve with handles. What is asked for goes to the
// server, which knows what it means; this page draws what comes back.

const SETTLED = 300; // ms without a key after which a text counts
const TIME_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200];
const FLOOR = 1e-3; // nM; a log axis begins here at the latest
const DECADE = 20; // arrow steps
const SIDE = 28; // px of a handle and the room around it

const ICONS = {
  up: "M12 5l7 8h-4.5v6h-5v-6H5z",
  down: "M12 19l-7-8h4.5V5h5v6H19z",
  double: "M8 3h12v12h-3v-2h1V5h-8v1H8zM4 8h11v12H4zm2 2v8h7v-8z",
  remove: "M6.4 5L5 6.4 10.6 12 5 17.6 6.4 19 12 13.4 17.6 19 19 17.6 13.4 12 19 6.4 17.6 5 12 10.6z",
  undo: "M9 6V2L3 8l6 6v-4h5a4 4 0 010 8H8v2h6a6 6 0 000-14z",
};
const icon = (name) => `<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="currentColor"><path d="${ICONS[name]}"/></svg>`;
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text; // an alert that is written again is read aloud again
};

function niceStep(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough * 0.999);
}

const timeUnit = (range) => (range <= 180 ? ["min", 1] : range <= 5 * 1440 ? ["h", 60] : ["d", 1440]);

// The axes of the curve: where they begin and end, and how a dose or a time becomes a place.
class Axes {
  constructor(times, doses, log, width, height) {
    Object.assign(this, { log, width, height, left: 58, right: 16, top: 30, bottom: 24 });
    this.end = times.length ? times[times.length - 1] : 60;
    let high = 0;
    let low = Infinity;
    this.none = false;
    for (const nM of doses) {
      high = Math.max(high, nM);
      if (nM >= FLOOR) low = Math.min(low, nM);
      else this.none = true;
    }
    if (log) {
      this.roof = Math.log10(Math.max(high, 0.01)) + 0.12;
      this.floor = Math.floor(Math.log10(Math.min(low, high || 1, 10 ** (this.roof - 1))) + 1e-9);
      this.nothing = this.floor - Math.max(0.6, 0.3 * (this.roof - this.floor));
      this.base = this.none ? this.nothing - 0.1 : this.floor - 0.05;
    } else {
      [this.roof, this.base] = [high > 0 ? high * 1.1 : 1, 0];
    }
  }

  x(minutes) {
    return this.left + (minutes / this.end) * (this.width - this.left - this.right);
  }

  minutes(x) {
    return Math.max(((x - this.left) / (this.width - this.left - this.right)) * this.end, 0);
  }

  y(nM) {
    const level = this.log ? (nM >= FLOOR ? Math.max(Math.log10(nM), this.nothing) : this.nothing) : nM;
    return this.height - this.bottom - ((level - this.base) / (this.roof - this.base)) * (this.height - this.top - this.bottom);
  }

  dose(y) {
    const level = this.base + ((this.height - this.bottom - y) / (this.height - this.top - this.bottom)) * (this.roof - this.base);
    if (!this.log) return Math.max(level, 0);
    return level < (this.none ? (this.nothing + this.floor) / 2 : this.floor - 0.3) ? 0 : 10 ** level;
  }

  doseTicks() {
    if (!this.log) {
      const step = niceStep(this.roof, 5);
      return Array.from({ length: Math.floor(this.roof / step) + 1 }, (_, k) => [k * step, String(Number((k * step).toPrecision(6)))]);
    }
    const every = this.roof - this.floor > 4.5 ? 2 : 1;
    const ticks = this.none ? [[0, "none"]] : [];
    for (let v = this.floor; v <= this.roof; v += every) ticks.push([10 ** v, String(Number((10 ** v).toPrecision(2)))]);
    return ticks;
  }

  timeTicks() {
    const room = Math.max(Math.floor((this.width - this.left - this.right) / 58), 2);
    const step = TIME_STEPS.find((s) => this.end / s <= room) ?? niceStep(this.end / 1440, room) * 1440;
    const size = timeUnit(this.end)[1];
    return Array.from({ length: Math.floor(this.end / step + 1e-9) + 1 }, (_, k) => [k * step, String(Math.round((k * step * 10) / size) / 10)]);
  }
}

function drawing(axes, times, doses, state) {
  const place = (i) => `${axes.x(times[i]).toFixed(1)},${axes.y(doses[i]).toFixed(1)}`;
  const [left, right] = [axes.left, axes.width - axes.right];
  const foot = axes.height - axes.bottom;
  const line = times.length ? `M${Array.from(times, (_, i) => place(i)).join("L")}` : "";
  const bands = state.bounds.slice(0, -1).map((start, i) => {
    const [from, to] = [axes.x(start), axes.x(state.bounds[i + 1])];
    const number = to - from > 16 || i === state.selected ? `<text class="number" x="${(from + to) / 2}" y="18">${i + 1}</text>` : "";
    return `<g data-segment="${i}" class="${i === state.selected ? "chosen" : ""}"><rect class="band" x="${from}" y="4" width="${Math.max(to - from, 1)}" height="${foot - 4}"/>
      <path class="edge" d="M${to} 8V${foot}"/>${number}</g>`;
  });
  const doseTicks = axes.doseTicks().map(([nM, text]) =>
    `<path class="grid" d="M${left} ${axes.y(nM)}H${right}"/><text class="tick dose" x="${left - 8}" y="${axes.y(nM) + 4}">${text}</text>`);
  const timeTicks = axes.timeTicks().map(([time, text]) => `<text class="tick" x="${axes.x(time)}" y="${foot + 17}">${text}</text>`);
  return `${bands.join("")}${doseTicks.join("")}${timeTicks.join("")}
    <text class="tick name" x="${left - 50}" y="18">nM</text><text class="tick name" x="${left - 50}" y="${foot + 17}">${{ min: "minutes", h: "hours", d: "days" }[timeUnit(axes.end)[0]]}</text>
    ${line && `<path class="under" d="${line}V${foot}H${left}Z"/><path class="line" d="${line}"/>`}`;
}

// Handles that would lie on each other stand side by side.
function apart(places) {
  const free = [];
  for (const [x, y] of places) {
    let at = x;
    while (free.some((other) => Math.abs(other[0] - at) < SIDE && Math.abs(other[1] - y) < SIDE)) at += 2;
    free.push([at, y]);
  }
  return free;
}

function fieldHtml(i, field) {
  const id = `editor-${i}-${field.key}`;
  return `<div class="field editor-field" data-measure="${field.measure}"><label for="${id}">${escape(field.label)}</label>
    <input id="${id}" data-key="${field.key}" autocomplete="off" spellcheck="false" placeholder="${escape(field.default)}" aria-describedby="${id}-fault">
    <small class="fault" id="${id}-fault"></small></div>`;
}

function segmentHtml(segment, i, last) {
  const act = (what, label, off) =>
    `<button type="button" class="small" data-act="${what}" aria-label="${label} segment ${i + 1}" title="${label}" ${off ? "disabled" : ""}>${icon(what)}</button>`;
  return `<li class="segment" data-segment="${i}"><div class="segment-head">
      <button type="button" class="segment-name" data-act="select"><b>${i + 1}</b> ${escape(segment.title)}</button><span class="segment-says"></span>
      <span class="segment-acts">${act("up", "Move up", i === 0)}${act("down", "Move down", i === last)}${act("double", "Duplicate", false)}${act("remove", "Remove", last === 0)}</span></div>
    <div class="segment-fields">${segment.fields.map((field) => fieldHtml(i, field)).join("")}</div><p class="fault segment-fault"></p></li>`;
}

function render({ model, el }) {
  el.classList.add("editor");
  el.innerHTML = `
    <section class="card editor-deck" aria-label="The protocol">
      <div class="field editor-name"><label for="editor-name">Name</label><input id="editor-name" name="name" autocomplete="off" spellcheck="false" aria-describedby="editor-name-fault"><small class="fault" id="editor-name-fault"></small></div>
      <p class="editor-cell"></p>
      <span class="editor-acts"><button type="button" class="chief" data-act="run">Run it</button>
      <button type="button" data-act="save">Save as scenario file</button>
      <button type="button" data-act="open">Open a scenario file</button>
      <button type="button" data-act="undo">${icon("undo")}Undo</button></span>
      ${model.get("asked").protocol}</section>
    <p class="editor-note" role="alert"></p><p class="editor-done" role="status"></p>
    <section class="card editor-preview" aria-label="Insulin over time">
      <div class="editor-caption"><h2>Insulin over time</h2><span class="editor-says"></span>
        <label class="editor-axis">Axis <select name="axis"><option value="log">logarithmic</option><option value="linear">linear</option></select></label></div>
      <div class="editor-curve"><svg role="img"></svg><div class="editor-grips"></div></div>
      <p class="editor-hint">Drag a handle of the chosen segment, or move it with the arrow keys: end of the segment sideways, doses up and down.</p>
      ${model.get("asked").curve}</section>
    <section class="card editor-list" aria-label="Segments"><ol class="segments"></ol>
      <div class="editor-add"><span>Add after the chosen segment:</span><span class="editor-kinds"></span>
        <button type="button" data-act="csv">Recorded series (CSV)</button></div>
      <p class="editor-hint">A table needs a header with units, such as <code>time [min],insulin [uU/mL]</code>; at most 2 MB and 100,000 rows. Values take a unit: 24 h, 10 nM, 60 uU/mL.</p>
      ${model.get("asked").segments}</section>
    <input type="file" name="csv" accept=".csv,.txt,text/csv" hidden aria-label="Recorded series"><input type="file" name="toml" accept=".toml" hidden aria-label="Scenario file">`;
  const find = (selector) => el.querySelector(selector);
  const [curve, svg, grips, list] = [find(".editor-curve"), find(".editor-curve svg"), find(".editor-grips"), find(".segments")];
  let count = model.get("state").count ?? 0;
  let timer = 0;
  let pending = null; // a text that is still being typed
  let axes = null;
  let held = null; // the handle in the hand: {key, segment, gesture, next, off}
  let built = "";
  let wanted = null; // {act, count, from}: the button to be focused once the list has changed, unless the reader has left `from`

  const state = () => model.get("state");
  const ask = (what, more = {}) => {
    flush();
    count += 1;
    model.send({ do: what, count, ...more });
  };

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!pending) return;
    const typed = pending;
    pending = null;
    ask(typed.do, typed.more);
    typed.input.asked = count;
  }

  function type(input, what, more) {
    pending = { input, do: what, more };
    clearTimeout(timer);
    timer = setTimeout(flush, SETTLED);
  }

  // A field keeps what is being typed into it, also where the server would write the same a little differently; what
  // changes its value from elsewhere is shown.
  function fill(input, text, fault) {
    const now = state().count;
    if (input.asked === now) input.echo = text;
    const typing = pending?.input === input || input.asked > now || (input === document.activeElement && input.echo === text);
    if (!typing && input.value !== text) input.value = text;
    input.setAttribute("aria-invalid", String(Boolean(fault)));
    say(input.parentElement.querySelector(".fault"), fault);
  }

  function drawList() {
    const now = state();
    const last = now.segments.length - 1;
    const shape = now.segments.map((segment) => segment.kind).join();
    if (shape !== built) {
      built = shape;
      list.innerHTML = now.segments.map((segment, i) => segmentHtml(segment, i, last)).join("");
    }
    now.segments.forEach((segment, i) => {
      const row = list.children[i];
      const chosen = i === now.selected;
      row.classList.toggle("chosen", chosen);
      row.classList.toggle("faulty", segment.faulty);
      row.querySelector(".segment-name").setAttribute("aria-pressed", String(chosen));
      say(row.querySelector(".segment-says"), segment.says);
      say(row.querySelector(".segment-fault"), segment.fault);
      segment.fields.forEach((field) => fill(row.querySelector(`[data-key=${field.key}]`), field.text, field.fault));
    });
    if (wanted && now.count >= wanted.count) {
      const here = document.activeElement;
      if (here === wanted.from || here === document.body) focusOn(now);
      wanted = null;
    }
  }

  const want = (act) => {
    wanted = { act, count, from: document.activeElement };
  };

  function focusOn(now) {
    const row = list.children[now.selected];
    const button = row?.querySelector(`[data-act=${wanted.act}]`);
    (button?.disabled ? row.querySelector(".segment-name") : button)?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  function drawCurve() {
    const { clientWidth: width, clientHeight: height } = curve;
    if (!width || !height) return;
    const bytes = model.get("curve");
    const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const times = floats.subarray(0, floats.length / 2);
    const doses = floats.subarray(floats.length / 2);
    if (!held) axes = new Axes(times, doses, find("[name=axis]").value === "log", width, height);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-label", `Insulin over time: ${state().says}.`);
    svg.innerHTML = drawing(axes, times, doses, state());
    drawGrips();
  }

  function drawGrips() {
    const now = state();
    const keys = now.grips.map((grip) => grip.key).join();
    if (grips.dataset.keys !== keys) {
      grips.dataset.keys = keys;
      grips.innerHTML = now.grips.map((grip) => `<div class="grip" role="slider" tabindex="0" data-key="${grip.key}" data-axis="${grip.axis}"></div>`).join("");
    }
    const places = apart(now.grips.map((grip) => [axes.x(grip.time_min), axes.y(grip.nM)]));
    now.grips.forEach((grip, i) => {
      const handle = grips.children[i];
      [handle.style.left, handle.style.top] = places[i].map((place) => `${place}px`);
      const about = { "aria-label": grip.label, "aria-valuenow": grip.value, "aria-valuetext": grip.text, "aria-valuemin": 0,
                      "aria-orientation": grip.axis === "time" ? "horizontal" : "vertical", title: `${grip.label}: ${grip.text}` };
      for (const [name, value] of Object.entries(about)) handle.setAttribute(name, value);
      handle.dataset.text = grip.text;
    });
  }

  function draw() {
    const now = state();
    if (!now.segments) return;
    el.dataset.count = now.count;
    el.dataset.valid = now.valid;
    fill(find("[name=name]"), now.name, now.name_fault);
    say(find(".editor-cell"), now.cell);
    say(find(".editor-says"), now.says + (now.valid ? "" : "; as it was before the faults"));
    say(find(".editor-note"), now.note);
    say(find(".editor-done"), now.done);
    for (const act of ["run", "save"]) find(`[data-act=${act}]`).disabled = !now.valid;
    find("[data-act=undo]").disabled = !now.undo;
    const kinds = now.kinds.map(([key, title]) => `<button type="button" data-act="add" data-kind="${key}">${escape(title)}</button>`).join("");
    if (find(".editor-kinds").dataset.html !== kinds) {
      find(".editor-kinds").innerHTML = kinds;
      find(".editor-kinds").dataset.html = kinds;
    }
    drawList();
    drawCurve();
    if (held?.next && now.count >= count) send();
  }

  // -- what hands do --------------------------------------------------------------------------------------------------

  const segmentOf = (target) => Number(target.closest("[data-segment]").dataset.segment);

  el.addEventListener("input", (event) => {
    const input = event.target;
    if (input.name === "name") type(input, "name", { text: input.value });
    else if (input.dataset.key) type(input, "set", { segment: segmentOf(input), key: input.dataset.key, text: input.value });
  });
  el.addEventListener("change", (event) => {
    if (event.target.type === "file") return take(event.target);
    if (event.target.name === "axis") return drawCurve();
    flush();
  });
  el.addEventListener("focusin", (event) => {
    if (event.target.dataset.key && event.target.tagName === "INPUT" && segmentOf(event.target) !== state().selected) ask("select", { segment: segmentOf(event.target) });
  });
  el.addEventListener("click", (event) => {
    const band = event.target.closest("g[data-segment]");
    if (band) return ask("select", { segment: Number(band.dataset.segment) });
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (!act) return;
    const row = event.target.closest("li");
    if (act === "csv" || act === "open") return find(act === "csv" ? "[name=csv]" : "[name=toml]").click();
    if (!row) {
      ask(act, act === "add" ? { kind: event.target.closest("[data-kind]").dataset.kind } : {});
      if (act === "add") want("select");
      return;
    }
    const segment = segmentOf(row);
    if (act === "up" || act === "down") ask("move", { segment, to: segment + (act === "up" ? -1 : 1) });
    else ask(act, { segment });
    want(act === "remove" ? "select" : act);
  });

  grips.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.button) return;
    grip.setPointerCapture(event.pointerId);
    grip.focus({ preventScroll: true });
    grip.classList.add("held");
    const here = state().grips.find(({ key }) => key === grip.dataset.key);
    const box = curve.getBoundingClientRect();
    const off = [event.clientX - box.left - axes.x(here.time_min), event.clientY - box.top - axes.y(here.nM)];
    held = { key: grip.dataset.key, segment: state().selected, gesture: `${performance.now()}`, next: null, off };
    event.preventDefault();
  });
  grips.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = curve.getBoundingClientRect();
    const grip = state().grips.find(({ key }) => key === held.key);
    if (!grip) return;
    const along = axes.minutes(event.clientX - box.left - held.off[0]) - grip.start_min;
    held.next = grip.axis === "time" ? Math.max(along, 0) : axes.dose(event.clientY - box.top - held.off[1]);
    if (state().count >= count) send();
  });
  const release = (event) => {
    event.target.closest?.(".grip")?.classList.remove("held");
    if (!held) return;
    if (held.next != null) send();
    held = null;
    drawCurve();
  };
  grips.addEventListener("pointerup", release);
  grips.addEventListener("pointercancel", release);

  function send() {
    const { key, segment, gesture, next } = held;
    held.next = null;
    ask("drag", { segment, key, gesture, to: next });
  }

  grips.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: DECADE, PageDown: -DECADE, Home: -1e3 }[event.key];
    if (!by) return;
    event.preventDefault();
    ask("nudge", { segment: state().selected, key: event.target.dataset.key, by });
  });

  // -- files ----------------------------------------------------------------------------------------------------------

  async function read(file) {
    const what = /\.toml$/i.test(file.name) ? "toml" : "csv";
    if (file.size > 2e6) return say(find(".editor-note"), `${file.name}: has ${(file.size / 1e6).toFixed(1)} MB; at most 2 MB are allowed`);
    ask(what, { file: file.name, text: await file.text() });
  }

  async function take(input) {
    const [file] = input.files;
    if (file) await read(file);
    input.value = ""; // so that the same file can be taken again
  }

  el.addEventListener("dragover", (event) => event.preventDefault());
  el.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) read(file);
  });

  function hear(message) {
    if (!message.save) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([message.text], { type: "application/toml" }));
    link.download = message.save;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  const watcher = new ResizeObserver(drawCurve);
  watcher.observe(curve);
  model.on("change:state", draw);
  model.on("msg:custom", hear);
  draw();
  return () => {
    clearTimeout(timer);
    watcher.disconnect();
    model.off("change:state", draw);
    model.off("msg:custom", hear);
  };
}

export default { render };
