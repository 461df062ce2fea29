// Signal against insulin: the curve of now over that of the start, and how far the dose of the half signal has moved.

const [WIDTH, HEIGHT] = [260, 116];
const [LEFT, RIGHT, TOP, BOTTOM] = [34, 8, 8, 20];
const x = (nM) => LEFT + ((Math.log10(Math.min(Math.max(nM, 1e-3), 1e3)) + 3) / 6) * (WIDTH - LEFT - RIGHT);
const y = (signal) => TOP + (1 - Math.min(signal, 1.12) / 1.12) * (HEIGHT - TOP - BOTTOM);

function render({ model, el }) {
  el.classList.add("felt");
  const ticks = [["1 pM", 1e-3], ["0.1", 0.1], ["10", 10], ["1,000 nM", 1e3]];
  el.innerHTML = `
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
      ${[0, 0.5, 1].map((s) => `<line class="felt-grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(s)}" y2="${y(s)}"/><text class="felt-left" x="${LEFT - 4}" y="${y(s) + 3.5}">${100 * s} %</text>`).join("")}
      ${ticks.map(([text, nM], i) => `<text class="felt-under" x="${x(nM)}" y="${HEIGHT - 5}" text-anchor="${["start", "middle", "middle", "end"][i]}">${text}</text>`).join("")}
      <path class="felt-start"/><path class="felt-now"/><line class="felt-shift"/><circle class="felt-before" r="3"/><circle class="felt-after" r="3"/><circle class="felt-here" r="4.5"/>
    </svg>
    <p class="felt-words"></p>`;
  const find = (selector) => el.querySelector(selector);
  const place = (selector, attributes) => {
    for (const [name, value] of Object.entries(attributes)) find(selector).setAttribute(name, value);
  };

  function path(signals) {
    return `M${Array.from(signals, (s, i) => `${x(model.get("doses")[i]).toFixed(1)} ${y(s).toFixed(1)}`).join("L")}`;
  }

  function draw() {
    const { curves, view } = { curves: model.get("curves"), view: model.get("view") };
    find(".felt-words").textContent = view.words ?? "";
    find("svg").setAttribute("aria-label", `Signal against insulin, now and at the start. ${view.words ?? ""}`);
    find("svg").classList.toggle("none", !curves.byteLength);
    if (!curves.byteLength) return;
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

  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
