// The deck: what a lecturer needs in view, and a drawer with the rest. Native elements, so that keyboards, phones and
// screen readers know them already.

const PATIENCE = 3000; // ms for the run to follow a choice

const ICONS = {
  play: '<path d="M7 4.5v15l12-7.5z"/>',
  pause: '<path d="M6 4.5h4v15H6zM14 4.5h4v15h-4z"/>',
  save: '<path d="M11 3h2v9l3.3-3.3 1.4 1.4L12 15.8 6.3 10.1 7.7 8.7 11 12zM4 18h16v2.2H4z"/>',
  more: '<path d="M4 6h16v2H4zM4 11h16v2H4zM4 16h16v2H4z"/>',
};
const icon = (name) => `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="currentColor">${ICONS[name]}</svg>`;

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

function fill(select, choices, value) {
  const option = ([key, label]) => `<option value="${escape(key)}">${escape(label)}</option>`;
  const groups = [...new Set(choices.map(([, , group]) => group))];
  const html = groups.map((group) => {
    const options = choices.filter(([, , other]) => other === group).map(option).join("");
    return group ? `<optgroup label="${escape(group)}">${options}</optgroup>` : options;
  }).join("");
  if (select.dataset.html !== html) {
    select.innerHTML = html;
    select.dataset.html = html;
  }
  if (!awaited(select, value) && select.value !== value) select.value = value;
}

// What was just chosen stays until the run has followed, so that the next key goes on from there.
function awaited(field, value) {
  if (field.dataset.chosen === value || performance.now() > Number(field.dataset.until)) delete field.dataset.chosen;
  return field.dataset.chosen !== undefined;
}

function choose(field, value = field.value) {
  field.dataset.chosen = value;
  field.dataset.until = performance.now() + PATIENCE;
  return value;
}

// Text is set only when it differs: an alert that is written again is read aloud again.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function render({ model, el }) {
  el.classList.add("controls");
  el.innerHTML = `
    <p class="deck-note" role="alert"></p>
    <div class="deck">
      <button type="button" class="deck-play chief"></button>
      <p class="deck-status"><span class="chip"></span><span class="deck-pace"></span></p>
      <label class="field deck-speed">Speed<select name="speed"></select></label>
      <label class="field deck-scenario">Scenario<select name="scenario"></select></label>
      <div class="field field-export" role="group" aria-labelledby="deck-export"><span id="deck-export">Export</span>
        <span class="deck-export">
          <a class="button" data-file="plotted.csv" download>${icon("save")}<span>What is plotted <small>CSV</small></span></a>
          <a class="button" data-file="run.zip" download>${icon("save")}<span>The whole run <small>zip</small></span></a>
        </span>
      </div>
      <button type="button" class="deck-more" aria-expanded="false" aria-controls="drawer">${icon("more")}<span>More</span></button>
    </div>
    <section id="drawer" class="drawer" hidden aria-label="More settings">
      <form class="drawer-form">
        <label class="field">Tissue<select name="tissue"></select></label>
        <label class="field">Receptors of the cell <small>insulin-free, R0</small><input name="receptors" type="number" min="1" max="2000000" step="1" required></label>
        <label class="field">Seed<input name="seed" type="number" min="0" max="9007199254740991" step="1" required></label>
        <button type="submit">Start anew with these</button>
        <span class="drawer-gap"></span>
        <button type="button" data-do="link">Copy link</button>
        <button type="button" data-do="step">Step one window</button>
        <button type="button" data-do="reset">Reset</button>
      </form>
      <fieldset class="drawer-treatments"><legend>Treatments, from now on</legend><span class="drawer-drugs"></span>
        <label class="field">Temperature<select name="temperature"></select></label></fieldset>
      <p class="drawer-band"><button type="button"></button> <span role="status"></span></p>
      <div class="drawer-text"><div class="drawer-log" tabindex="0" role="group" aria-labelledby="drawer-log"><h2 id="drawer-log">Event log</h2>
        <table><thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col">Old</th><th scope="col">New</th></tr></thead><tbody></tbody></table>
        <p class="drawer-empty">No change by hand yet. Every move of the insulin slider and every treatment is written down here and goes out with the run.</p>
        <a class="button drawer-steered" data-file="scenario.toml" download>${icon("save")}<span>Save steering as scenario</span></a>
      </div>
      <div class="drawer-about"></div></div>
    </section>`;
  const find = (selector) => el.querySelector(selector);
  const ask = (what, more = {}) => model.send({ do: what, ...more });
  const form = find("form");
  const [play, more, drawer] = [find(".deck-play"), find(".deck-more"), find(".drawer")];
  let shown = null;

  function draw() {
    const state = model.get("state");
    if (!state.status) return;
    const going = state.status === "running";
    const label = going ? "Pause" : state.status === "finished" ? "Play again" : "Play";
    if (play.textContent !== label) {
      play.dataset.going = going;
      play.innerHTML = `${icon(going ? "pause" : "play")}<span>${label}</span>`;
    }
    play.disabled = ["preparing", "failed"].includes(state.status);
    drawStatus();
    say(find(".deck-note"), state.note);
    find(".deck-note").dataset.status = state.status;
    fill(find("[name=speed]"), state.speeds, state.speed);
    fill(find("[name=scenario]"), state.scenarios, state.scenario);
    fill(form.elements.tissue, state.tissues, state.tissue);
    for (const link of el.querySelectorAll("a[data-file]")) {
      const href = state.run ? `/export/${state.run}/${link.dataset.file}` : "";
      if (href) link.href = href;
      else link.removeAttribute("href");
      link.setAttribute("aria-disabled", String(!href));
    }
    if (state.run !== shown) {
      shown = state.run;
      form.elements.receptors.value = state.receptors;
      form.elements.seed.value = state.seed;
    }
    find("tbody").innerHTML = state.log.map((row) => `<tr>${row.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`).join("");
    treatments(state.treatments);
    const band = find(".drawer-band button");
    band.disabled = !state.band.enabled;
    say(band, state.band.label);
    say(find(".drawer-band span"), state.band.words);
    find(".drawer-steered").hidden = !state.log.length;
    find(".drawer-empty").hidden = state.log.length > 0;
    find(".drawer-log table").hidden = !state.log.length;
    find(".drawer-about").innerHTML = state.about.map(([name, text]) => `<p><b>${escape(name)}</b> ${escape(text)}</p>`).join("");
    el.dataset.status = state.status;
  }

  // A run whose server is silent goes on for all we know, or not; see silence.js.
  function drawStatus() {
    const { status, words, pace } = model.get("state");
    const silent = document.documentElement.dataset.server === "silent";
    find(".chip").textContent = silent ? "Waiting" : words;
    find(".chip").dataset.status = silent ? "silent" : status;
    find(".deck-pace").textContent = silent ? "for the server…" : pace;
  }

  // A drug takes all of what it blocks away, or nothing; the log and scenario files know shares between.
  function treatments(levels) {
    const drugs = levels.filter(([name]) => name !== "temperature");
    const html = drugs.map(([name, title]) => `<label title="${escape(title)}"><input type="checkbox" name="${name}"> ${escape(name.replaceAll("_", " "))}</label>`).join("");
    const place = find(".drawer-drugs");
    if (place.dataset.html !== html) [place.innerHTML, place.dataset.html] = [html, html];
    for (const [name, , level] of drugs) {
      const box = place.querySelector(`[name=${name}]`);
      if (awaited(box, String(level))) continue;
      box.checked = level === 1;
      box.indeterminate = level > 0 && level < 1;
    }
    const [, , warm] = levels.find(([name]) => name === "temperature") ?? [0, 0, 37];
    const degrees = [...new Set([37, 30, 23, 16, 4, warm])].sort((a, b) => b - a);
    fill(find("[name=temperature]"), degrees.map((c) => [String(c), `${c} °C`]), String(warm));
  }

  play.addEventListener("click", () => ask(play.dataset.going === "true" ? "pause" : "play"));
  more.addEventListener("click", () => {
    drawer.hidden = !drawer.hidden;
    more.setAttribute("aria-expanded", String(!drawer.hidden));
    if (!drawer.hidden) drawer.scrollIntoView({ block: "nearest" });
  });
  find("[name=speed]").addEventListener("change", (event) => ask("speed", { speed: choose(event.target) }));
  find("[name=scenario]").addEventListener("change", (event) => ask("scenario", { scenario: choose(event.target) }));
  form.elements.tissue.addEventListener("change", (event) => ask("tissue", { tissue: choose(event.target) }));
  find(".drawer-treatments").addEventListener("change", (event) => {
    const { name, checked } = event.target;
    const wanted = name === "temperature" ? choose(event.target) : choose(event.target, String(Number(checked)));
    ask("treat", { name, to: Number(wanted) });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask("anew", { receptors: Number(form.elements.receptors.value), seed: Number(form.elements.seed.value) });
  });
  form.addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-do]");
    if (wanted) ask(wanted.dataset.do);
  });
  find(".drawer-band button").addEventListener("click", () => ask("band"));
  model.on("change:state", draw);
  document.addEventListener("server", drawStatus);
  draw();
  return () => {
    model.off("change:state", draw);
    document.removeEventListener("server", drawStatus);
  };
}

export default { render };
