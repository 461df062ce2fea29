// Signal against insulin: the current curve over that of the level that is 100 %, and how far the dose of the half signal has moved.
// Drawn to the size that it has on the screen, so that its letters are as large as those beside it.

const TICKS = [["1 pM", 1e-3, "start"], ["1 nM", 1, "middle"], ["1,000 nM", 1e3, "end"]];

function render({ model, el }) {
  el.classList.add("felt");
  el.innerHTML = `
    <p class="felt-words"></p>
    <div class="felt-picture"><svg role="img"><g class="felt-axes"></g>
      <path class="felt-start"/><path class="felt-now"/><line class="felt-shift"/><circle class="felt-before" r="3"/><circle class="felt-after" r="3"/><circle class="felt-here" r="4.5"/>
    </svg></div>`;
  const find = (selector) => el.querySelector(selector);
  const picture = find(".felt-picture");
  const place = (selector, attributes) => {
    for (const [name, value] of Object.entries(attributes)) find(selector).setAttribute(name, value);
  };
  let scale = ""; // what its rungs were drawn for
  let box = null; // the sides of the plot within the picture, and the size of letters

  const x = (nM) => box.left + ((Math.log10(Math.min(Math.max(nM, 1e-3), 1e3)) + 3) / 6) * (box.right - box.left);
  const y = (signal) => box.top + (1 - signal / (model.get("view").top ?? 1.12)) * (box.bottom - box.top);

  function path(signals) {
    return `M${Array.from(signals, (s, i) => `${x(model.get("doses")[i]).toFixed(1)} ${y(s).toFixed(1)}`).join("L")}`;
  }

  function fit() {
    const { clientWidth: width, clientHeight: height } = picture;
    if (width < 80 || height < 40) return;
    const letter = parseFloat(getComputedStyle(picture).fontSize);
    box = { left: 3.3 * letter, right: width - 6, top: 4, bottom: height - 1.5 * letter };
    find("svg").setAttribute("viewBox", `0 0 ${width} ${height}`);
    const rungs = (model.get("view").rungs ?? [0, 0.5, 1]).map((s) => `<line class="felt-grid" x1="${box.left}" x2="${box.right}" y1="${y(s)}" y2="${y(s)}"/>
      <text class="felt-left" x="${box.left - 5}" y="${y(s) + 0.35 * letter}">${Math.round(100 * s)}\u00a0%</text>`);
    const doses = TICKS.filter(([, , anchor]) => anchor !== "middle" || box.right - box.left > 12 * letter).map(([text, nM, anchor]) => `<text x="${x(nM)}" y="${height - 0.2 * letter}" text-anchor="${anchor}">${text}</text>`);
    scale = String(model.get("view").rungs) + model.get("view").top;
    find(".felt-axes").innerHTML = [...rungs, ...doses].join("");
    draw();
  }

  function draw() {
    const { curves, view } = { curves: model.get("curves"), view: model.get("view") };
    find(".felt-words").textContent = view.words ?? "";
    find("svg").setAttribute("aria-label", `Signal against insulin, now and at ${view.of ?? "100 %"}. ${view.words ?? ""}`);
    find("svg").classList.toggle("none", !curves.byteLength);
    if (!curves.byteLength || !box) return;
    if (scale !== String(view.rungs) + view.top) return fit();
    const floats = new Float32Array(curves.buffer.slice(curves.byteOffset, curves.byteOffset + curves.byteLength));
    const n = model.get("doses").length;
    place(".felt-start", { d: path(floats.subarray(0, n)) });
    place(".felt-now", { d: path(floats.subarray(n)) });
    const after = view.after_nM ?? 1e3;
    place(".felt-shift", { x1: x(view.before_nM), x2: x(after), y1: y(0.5), y2: y(0.5) });
    place(".felt-before", { cx: x(view.before_nM), cy: y(0.5) });
    place(".felt-after", { cx: x(after), cy: y(0.5) });
    place(".felt-here", { cx: x(view.insulin_nM), cy: y(view.signal) });
    find(".felt-after").classList.toggle("none", view.after_nM == null);
  }

  const watcher = new ResizeObserver(fit);
  watcher.observe(picture);
  model.on("change", draw);
  document.addEventListener("appearance", fit);
  draw();
  return () => {
    watcher.disconnect();
    model.off("change", draw);
    document.removeEventListener("appearance", fit);
  };
}

export default { render };
