// What lies under the cursor, with units: the numbers of a moment, or what was measured there.

const REACH = 10; // pixels around a measured point

function nearestMeasured(chart, u) {
  const shift = chart.panel === "hour" ? chart.view.origin : 0;
  const near = (point) => {
    const x = u.valToPos(point.time_min - shift, "x");
    const [high, low] = [u.valToPos(chart.lift(point.high), "y"), u.valToPos(chart.lift(point.low), "y")];
    return Math.abs(x - u.cursor.left) < REACH && u.cursor.top > high - REACH && u.cursor.top < low + REACH;
  };
  return (chart.measured ?? []).find((point) => !chart.hidden.includes(point.line) && near(point));
}

// The moment under the cursor as a time and rows of [line, receptors, percent, low, high], or null beside the curves.
function moment(chart, u) {
  const i = u.cursor.idx;
  if (i == null || u.cursor.left < 0 || chart.raw?.[0][i] == null) return null;
  const rows = chart.lines.flatMap((line, k) => {
    const value = chart.raw[k + 2][i];
    return chart.shown(line) ? [[line, value, (value / chart.view.base) * 100]] : [];
  });
  return { time: chart.raw[0][i], insulin_nM: chart.raw[1][i], rows };
}

const doseWords = (nM) => (nM > 0 ? `${Number(nM.toPrecision(3))} nM` : "none");

function momentText(seen) {
  const rows = seen.rows.map(([line, value, percent]) => `${line.label} ${count.format(value)} receptors, ${percent.toFixed(1)} %`);
  return `${timeText(seen.time)}: ${rows.join("; ")}; insulin ${doseWords(seen.insulin_nM)}.`;
}

function fillTip(tip, seen) {
  const rows = seen.rows.map(([line, value, percent]) =>
    `<tr><td><i style="background:var(--${line.key})"></i>${line.label}</td><td>${count.format(value)}</td><td>${percent.toFixed(1)} %</td></tr>`);
  tip.innerHTML = `<b>${timeText(seen.time)}</b><table>${rows.join("")}
    <tr><td><i style="background:var(--insulin)"></i>Insulin</td><td colspan="2">${doseWords(seen.insulin_nM)}</td></tr></table>`;
}

function fillMeasured(tip, point) {
  const [name, words, source] = ["b", "p", "p"].map((tag) => document.createElement(tag));
  name.textContent = `Measured: ${point.name}`;
  words.textContent = point.words;
  source.textContent = point.source;
  source.className = "plot-source";
  tip.replaceChildren(name, words, source);
}
