// The live plot. uPlot stands in front of these texts (see plot.py), so that all are one ES module: units, then what is
// painted over the curves, then one chart, then its zoom, then the whole.
// Two panels share one y axis: the hour after an insulin change, and the whole run; a low insulin panel lies under each.

const quiet = () => document.documentElement.dataset.motion === "reduced";
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const lecture = () => document.documentElement.dataset.view === "lecture";
const stout = () => (lecture() ? 1.7 : 1); // lines that the last row can see
const dash = (pattern) => pattern.map((length) => length * devicePixelRatio);

// No insulin lies so far under the lowest dose shown that the labels of the two do not touch.
const noneHeight = ({ floor, roof }) => floor - Math.max(0.6, 0.35 * (roof - floor));
const doseHeight = (nM, view) => (nM > 0 ? Math.max(Math.log10(nM), view.floor) : noneHeight(view));

function doseText(height, floor) {
  if (height < floor - 0.3) return "0";
  return String(Number((10 ** height).toPrecision(2)));
}

function niceStep(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough);
}

const TIME_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200];

function timeUnit(range) {
  if (range <= 180) return ["min", 1];
  return range <= 5 * 1440 ? ["h", 60] : ["d", 1440];
}

function timeText(minutes) {
  const sign = minutes < 0 ? "−" : "";
  const whole = Math.round(Math.abs(minutes));
  if (whole < 60) return `${sign}${whole} min`;
  const [hours, rest] = [Math.floor(whole / 60), whole % 60];
  return `${sign}${hours} h${rest ? ` ${rest} min` : ""}`;
}

const count = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

const DECADES = 4; // that a logarithmic axis of receptors shows at most

// The places of numbers on a logarithmic axis from `low` to `top`: decades, and 2 and 5 between where there are few.
function logLadder(low, top) {
  const few = Math.log10(top / low) < 2.2;
  const rungs = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(top); power += 1)
    for (const digit of few ? [1, 2, 5] : [1]) rungs.push(digit * 10 ** power);
  return rungs.filter((rung) => rung >= low * 0.999 && rung <= top);
}

const percentText = (percent) => `${Number(percent.toPrecision(2))} %`;

// What has been and what the scenario plans, on one time axis as uPlot wants it.
function joined(times, heights, plan, view) {
  const x = [...times];
  const past = [...heights];
  const future = heights.map(() => null);
  if (x.length) future[x.length - 1] = past[past.length - 1];
  for (const [time, nM] of plan) {
    if (x.length && time <= x[x.length - 1]) continue;
    x.push(time);
    past.push(null);
    future.push(doseHeight(nM, view));
  }
  return [x, past, future];
}

