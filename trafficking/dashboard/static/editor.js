// The exposure editor: a list of segments, and their insulin as a curve with handles. What is asked for goes to the
// server, which knows what it means; this page draws what comes back.

const SETTLED = 300; // ms without a key after which a text counts
const DECADE = 20; // arrow steps

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
  let ahead = null; // where a hand has put a handle, until the server has answered: {key, segment, to, count}
  let kept = false; // the axes stay after a handle was moved, until something else is done
  let built = "";
  let wanted = null; // {act, count, from}: the button to be focused once the list has changed, unless the reader has left `from`

  const state = () => model.get("state");
  const ask = (what, more = {}) => {
    flush();
    count += 1;
    kept = what === "drag" || what === "nudge";
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
    const [now, log] = [state(), find("[name=axis]").value === "log"];
    const told = { times: floats.subarray(0, floats.length / 2), doses: floats.subarray(floats.length / 2), bounds: now.bounds, selected: now.selected };
    if (ahead && now.count >= ahead.count && !held) ahead = null;
    const grip = ahead?.segment === now.selected && now.grips.find(({ key }) => key === ahead.key);
    const seen = { ...told, ...(grip && carried(told, grip, ahead.to)) };
    const fits = axes && axes.log === log && axes.width === width && axes.height === height && axes.hold(seen.times, seen.doses);
    if (!held && !(kept && fits)) axes = new Axes(seen.times, seen.doses, log, width, height);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-label", `Insulin over time: ${now.says}.`);
    svg.innerHTML = drawing(axes, seen);
    drawGrips(grip);
  }

  // moved: the one that a hand has put elsewhere than the server knows.
  function drawGrips(moved) {
    const now = state();
    const keys = now.grips.map((grip) => grip.key).join();
    if (grips.dataset.keys !== keys) {
      grips.dataset.keys = keys;
      grips.innerHTML = now.grips.map((grip) => `<div class="grip" role="slider" tabindex="0" data-key="${grip.key}" data-axis="${grip.axis}"></div>`).join("");
    }
    const places = apart(now.grips.map((grip) => [axes.x(grip.time_min), axes.y(grip.nM)]));
    const along = moved?.axis === "time" ? [axes.x(moved.start_min + ahead.to) - axes.x(moved.time_min), 0] : [0, axes.y(ahead?.to) - axes.y(moved?.nM)];
    now.grips.forEach((grip, i) => {
      const handle = grips.children[i];
      [handle.style.left, handle.style.top] = places[i].map((place, k) => `${place + (grip === moved ? along[k] : 0)}px`);
      const about = { "aria-label": grip.label, "aria-valuenow": grip.value, "aria-valuetext": grip.text, "aria-valuemin": 0,
                      "aria-orientation": grip.axis === "time" ? "horizontal" : "vertical", title: `${grip.label}: ${grip.text}` };
      for (const [name, value] of Object.entries(about)) handle.setAttribute(name, value);
      handle.dataset.text = grip === moved ? roughly(grip, ahead.to) : grip.text;
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
    el.dataset.settled = now.count >= count;
    if (held?.next != null && now.count >= count) send();
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
    ahead = { key: held.key, segment: held.segment, to: held.next, count: Infinity };
    if (state().count >= count) send();
    drawCurve();
  });
  const release = (event) => {
    event.target.closest?.(".grip")?.classList.remove("held");
    if (!held) return;
    if (held.next != null) send();
    if (ahead) ahead.count = count;
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
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
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
