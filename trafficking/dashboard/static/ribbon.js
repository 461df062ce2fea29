// Stages over the years as ribbons with words, one slider for the moment, and the way to an organ's receptors.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const SETTLED = 160; // ms without movement after which the slider counts

function render({ model, el }) {
  el.classList.add("ribbon");
  el.innerHTML = `<p class="ribbon-of answer-of"></p><div class="ribbon-lives"></div><p class="ribbon-key" aria-hidden="true" hidden></p>
    <label class="ribbon-slide"><span>Moment: <b class="ribbon-year"></b></span><input type="range" name="year" min="0" step="0.1" aria-label="Moment, year"></label>
    <div class="ribbon-stage" aria-live="polite"></div>
    <form class="ribbon-go"><label class="field">Organ<select name="organ"></select></label><button type="submit">See this organ's receptors now</button>
    <span class="ribbon-hint">Opens a healthy cell of that organ on Live, in the insulin it sees at this moment.</span></form>`;
  const find = (selector) => el.querySelector(selector);
  const slider = find("[name=year]");
  let timer = 0;

  function draw() {
    const end = model.get("end");
    find("select").innerHTML ||= model.get("organs").map(([name, words]) => `<option value="${escape(name)}">${escape(words)}</option>`).join("");
    el.hidden = !(end > 0); // until a life has come
    if (el.hidden) return;
    find(".ribbon-of").textContent = model.get("of");
    find(".ribbon-lives").innerHTML = model.get("ribbons").map(([title, parts]) => `<p class="ribbon-title">${escape(title)}</p><ol class="ribbon-bar">${
      parts.map(([from, to, stage, words]) => `<li data-stage="${stage}" style="flex-grow:${Math.max(to - from, 0.01)}" title="Year ${from} to ${to}: stage ${stage}, ${escape(words)}"><b>${stage}</b> <span class="ribbon-name">${escape(words)}</span><span class="unseen">, year ${from} to ${to.toFixed(1)}</span></li>`).join("")}</ol>`).join("");
    slider.max = end;
    move();
    fit();
  }

  // A name that has no room in its stretch leaves its number there, and all names stand under the ribbons.
  function fit() {
    const stretches = [...el.querySelectorAll(".ribbon-bar li")];
    for (const one of stretches) one.classList.remove("short");
    const short = stretches.filter((one) => one.scrollWidth > one.clientWidth);
    for (const one of short) one.classList.add("short");
    const names = new Map(model.get("ribbons").flatMap(([, parts]) => parts.map(([, , stage, words]) => [stage, words])));
    const key = find(".ribbon-key");
    key.hidden = !short.length;
    key.innerHTML = [...names].sort(([a], [b]) => a - b).map(([stage, words]) => `<span><b>${stage}</b> ${escape(words)}</span>`).join(" ");
  }

  function move() {
    if (!timer) slider.value = model.get("year");
    find(".ribbon-year").textContent = `year ${Number(slider.value).toFixed(1)}`;
    slider.setAttribute("aria-valuetext", `year ${Number(slider.value).toFixed(1)}`);
    el.dataset.year = model.get("year");
  }

  function say() {
    const d = model.get("stage");
    if (d.body === undefined) return;
    find(".ribbon-stage").innerHTML = `<p><b>Stage ${escape(d.stage)}</b>, as commonly described. Receptors: ${escape(d.receptors)}. Signalling: ${escape(d.signalling)}. Body: ${escape(d.body)}.</p>
      ${d.correction ? `<p class="ribbon-correction"><b>The model and the evidence</b> ${escape(d.correction)}</p>` : ""}`;
  }

  slider.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      model.send({ year: Number(slider.value) });
    }, SETTLED);
    find(".ribbon-year").textContent = `year ${Number(slider.value).toFixed(1)}`;
  });
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    model.send({ organ: find("select").value });
  });
  const watcher = new ResizeObserver(fit);
  watcher.observe(el);
  const hears = { of: draw, ribbons: draw, end: draw, organs: draw, year: move, stage: say };
  for (const [trait, hear] of Object.entries(hears)) model.on(`change:${trait}`, hear);
  draw();
  say();
  return () => {
    clearTimeout(timer);
    watcher.disconnect();
    Object.entries(hears).forEach(([trait, hear]) => model.off(`change:${trait}`, hear));
  };
}

export default { render };
