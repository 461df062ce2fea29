// The chosen number: what was done, what was measured, what came out, and the way to see it on Live.

function render({ model, el }) {
  el.classList.add("board-detail");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", "The chosen number");

  function draw() {
    const d = model.get("detail");
    if (!d.id) return;
    el.innerHTML = `<h3>${escape(d.title)}</h3><p>${escape(d.protocol)}</p>
      <p><b>${escape(d.observable)}</b>: measured ${escape(d.measured)}, range ${escape(d.range)}${d.ours ? " (ours)" : " (of the source)"}, ${d.outcome ? `simulated <b>${escape(d.simulated)}</b>: <span class="board-outcome" data-outcome="${d.outcome}">${SIGN[d.outcome]}</span>` : "not simulated yet"}. ${escape(d.source)}, ${link(d.identifier)}.</p>
      ${d.why ? `<p class="board-quiet">${escape(d.why)}</p>` : ""}<button type="button" data-run="${escape(d.id)}">Run this experiment on Live</button>`;
  }

  el.addEventListener("click", (event) => {
    const run = event.target.closest("button")?.dataset.run;
    if (run) model.send({ run });
  });
  model.on("change:detail", draw);
  draw();
  return () => model.off("change:detail", draw);
}

export default { render };
