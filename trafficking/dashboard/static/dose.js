// The insulin slider. Its scale is cut in two: a place for no insulin at the left end, then 1 pM to 1,000 nM, logarithmic.

const DECADES = 6; // 10^-3 to 10^3 nM
const PER_DECADE = 20; // steps, each about 12 %
const LAST = DECADES * PER_DECADE;
const NONE = -6; // the step of "no insulin", a little left of the scale
const LEFT = 0.07; // share of the track left of 1 pM
const SETTLED = 140; // ms without movement after which a drag counts

const doseOf = (step) => (step < 0 ? 0 : Number((10 ** (step / PER_DECADE - 3)).toPrecision(2)));

// A dose of the slider has a whole step, in spite of its two digits; one that a scenario gave may lie between.
function stepOf(nM) {
  if (nM <= 0) return NONE;
  const step = Math.min(Math.max((Math.log10(nM) + 3) * PER_DECADE, 0), LAST);
  return doseOf(Math.round(step)) === nM ? Math.round(step) : step;
}

const shareOf = (nM) => (nM <= 0 ? 0.012 : LEFT + (1 - LEFT) * (stepOf(nM) / LAST));

function number(value) {
  const places = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const exact = value < 1 ? Number(value.toPrecision(2)) : Number(value.toFixed(places));
  return exact.toLocaleString("en-GB", { maximumFractionDigits: 6 });
}

function render({ model, el }) {
  el.classList.add("dose");
  const bands = model.get("bands");
  const ticks = [["0", 0], ["1 pM", 1e-3], ["10 pM", 1e-2], ["0.1 nM", 0.1], ["1 nM", 1], ["10 nM", 10], ["100 nM", 100], ["1,000 nM", 1000]];
  const percent = (share) => `${(100 * share).toFixed(2)}%`;
  el.innerHTML = `
    <div class="dose-head"><span class="dose-name" id="dose-name">Insulin</span>
      <output class="dose-value"></output><span class="dose-note"></span></div>
    <div class="dose-track"><span class="dose-blood">in human blood:</span>
      ${bands.map((band, i) => `<div class="dose-band dose-band-${i}" style="left:${percent(shareOf(band.from_nM))};width:${percent(shareOf(band.to_nM) - shareOf(band.from_nM))}"><span>${band.name}</span></div>`).join("")}
      <div class="dose-rail"></div><div class="dose-rail dose-rail-none"></div>
      <div class="dose-thumb" role="slider" tabindex="0" aria-labelledby="dose-name" aria-valuemin="0" aria-valuemax="1000"></div>
      ${ticks.map(([text, nM]) => `<span class="dose-tick" style="left:${percent(shareOf(nM))}">${text}</span>`).join("")}
    </div>`;
  const track = el.querySelector(".dose-track");
  const thumb = el.querySelector(".dose-thumb");
  let gesture = model.get("gesture"); // the last that was sent
  let held = null; // what the hand shows until the run has answered
  let timer = 0;
  let sent = null;

  function words(nM) {
    if (nM <= 0) return ["none", "", "no insulin"];
    const band = bands.find((b) => nM >= b.from_nM * 0.999 && nM <= b.to_nM * 1.001);
    const inUnits = number(nM * model.get("uU_per_mL"));
    return [`${number(nM)} nM`, `${inUnits} µU/mL`, `${number(nM)} nM, ${inUnits} microunits per millilitre${band ? `, ${band.name}` : ""}`];
  }

  function draw() {
    if (held != null && model.get("gesture") >= gesture && !timer && !track.classList.contains("held")) held = null;
    const nM = held ?? model.get("insulin_nM");
    const [main, other, spoken] = words(nM);
    el.querySelector(".dose-value").innerHTML = `<b>${main}</b> ${other}`;
    el.querySelector(".dose-note").textContent = model.get("note");
    thumb.style.left = percent(shareOf(nM));
    thumb.setAttribute("aria-valuenow", nM);
    thumb.setAttribute("aria-valuetext", spoken);
    thumb.setAttribute("aria-disabled", String(!model.get("enabled")));
    el.classList.toggle("off", !model.get("enabled"));
    el.querySelectorAll(".dose-band").forEach((band, i) =>
      band.classList.toggle("here", nM >= bands[i].from_nM * 0.999 && nM <= bands[i].to_nM * 1.001));
  }

  function commit() {
    clearTimeout(timer);
    timer = 0;
    if (held == null || held === sent) return draw();
    sent = held;
    gesture += 1;
    model.send({ insulin_nM: held, gesture });
    draw();
  }

  function set(nM, now) {
    if (!model.get("enabled")) return;
    if (held == null) sent = model.get("insulin_nM");
    if (nM === (held ?? model.get("insulin_nM"))) return now ? commit() : undefined;
    held = nM;
    clearTimeout(timer);
    timer = setTimeout(commit, SETTLED);
    if (now) commit();
    else draw();
  }

  function doseAt(event) {
    const box = track.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    if (share < LEFT * 0.6) return 0;
    return doseOf(Math.min(Math.max(Math.round(((share - LEFT) / (1 - LEFT)) * LAST), 0), LAST));
  }

  track.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    track.setPointerCapture(event.pointerId);
    track.classList.add("held");
    thumb.focus({ preventScroll: true });
    set(doseAt(event), false);
    event.preventDefault();
  });
  track.addEventListener("pointermove", (event) => {
    if (track.classList.contains("held")) set(doseAt(event), false);
  });
  const release = () => {
    if (!track.classList.contains("held")) return;
    track.classList.remove("held");
    commit();
  };
  track.addEventListener("pointerup", release);
  track.addEventListener("pointercancel", release);

  thumb.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's
    const step = stepOf(held ?? model.get("insulin_nM"));
    const [up, down] = [Math.floor(step) + 1, Math.ceil(step) - 1];
    const move = {
      ArrowRight: up, ArrowUp: up, ArrowLeft: down, ArrowDown: down,
      PageUp: step + PER_DECADE, PageDown: step - PER_DECADE, Home: NONE, End: LAST,
    }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const now = !event.repeat; // a key held down is one movement, like a drag
    if (event.key === "Home") return set(0, now);
    if (step < 0) return set(move > step ? doseOf(event.key === "PageUp" ? PER_DECADE : event.key === "End" ? LAST : 0) : 0, now);
    set(doseOf(Math.min(Math.round(move), LAST)), now);
  });
  thumb.addEventListener("keyup", () => {
    if (timer && !track.classList.contains("held")) commit();
  });

  model.on("change", draw);
  draw();
  return () => {
    clearTimeout(timer);
    model.off("change", draw);
  };
}

export default { render };
