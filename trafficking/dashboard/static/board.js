// Published numbers beside simulated ones. Filters are native controls; a row's button shows its curve beside the list.

function render({ model, el }) {
  el.classList.add("board");
  el.innerHTML = `<p class="board-headline" role="status"></p>
    <div class="board-progress" hidden><progress max="1" aria-label="Progress"></progress><span class="board-words"></span><button type="button" data-cancel>Cancel</button></div>
    <p class="board-fault" role="alert"></p>
    <div class="board-filters"><label class="field">Outcome<select name="outcome"><option value="">all</option><option value="met">met</option><option value="missed">missed</option></select></label>
      <label class="field">Standing<select name="standing"><option value="">all</option><option value="seen">in view when constants were chosen</option><option value="blind">blind</option></select></label>
      <label class="field">Cells<select name="tissue"><option value="">all</option></select></label>
      <span class="board-count" role="status"></span><button type="button" data-again hidden>Simulate the rest</button><a class="button board-file" download>The table <small>CSV</small></a></div>
    <div class="table-view" tabindex="0" role="region" aria-label="Measured and simulated numbers"><table><thead><tr><th scope="col">Number</th><th scope="col">Measured</th><th scope="col">Range</th>
      <th scope="col">Simulated</th><th scope="col">Outcome</th><th scope="col">Standing</th><th scope="col">Source</th></tr></thead><tbody></tbody></table></div>`;
  const find = (selector) => el.querySelector(selector);
  const filters = ["outcome", "standing", "tissue"].map((name) => find(`[name=${name}]`));
  let before = "";

  function draw() {
    const [rows, chosen] = [model.get("rows"), model.get("chosen")];
    const tissue = find("[name=tissue]");
    const kinds = [...new Set(rows.map((row) => row.tissue))];
    if (tissue.options.length !== kinds.length + 1) tissue.innerHTML = `<option value="">all</option>${kinds.map((kind) => `<option>${escape(kind)}</option>`).join("")}`;
    const [outcome, standing, cells] = filters.map((filter) => filter.value);
    const shown = rows.filter((row) => (!outcome || row.outcome === outcome) && (!standing || row.blind === (standing === "blind")) && (!cells || row.tissue === cells));
    const groups = [...new Set(shown.map((row) => row.group))];
    const now = JSON.stringify([shown, chosen]);
    if (now !== before) {
      before = now;
      const held = document.activeElement?.dataset?.id;
      find("tbody").innerHTML = groups.map((group) => `<tr class="board-group"><th colspan="7" scope="colgroup">${escape(group)}</th></tr>${shown.filter((row) => row.group === group).map((row) => `<tr data-outcome="${row.outcome}" class="${row.id === chosen ? "chosen" : ""}"><th scope="row"><button type="button" data-id="${escape(row.id)}" aria-pressed="${row.id === chosen}">${escape(row.observable)}</button><span class="board-quiet">${escape(row.id)}, ${escape(row.system)} (${escape(row.tissue)})</span></th>
        <td>${escape(row.measured)}</td><td>${escape(row.range)}${row.ours ? '<span class="board-quiet">ours</span>' : ""}</td><td><b>${escape(row.simulated)}</b></td>
        <td class="board-outcome" data-outcome="${row.outcome}">${SIGN[row.outcome]}</td><td>${escape(row.standing)}</td><td>${escape(row.source)}, ${link(row.identifier)}</td></tr>`).join("")}`).join("");
      if (held) find(`[data-id="${held}"]`)?.focus({ preventScroll: true });
    }
    find(".board-count").textContent = `${shown.length} of ${rows.length} numbers`;
    el.dataset.done = rows.filter((row) => row.outcome).length;
  }

  function tell() {
    const state = model.get("state");
    find(".board-headline").textContent = model.get("headline");
    find(".board-progress").hidden = !state.busy;
    find("progress").value = state.share;
    find(".board-words").textContent = state.words;
    find(".board-fault").textContent = state.fault || (state.busy ? "" : state.words);
    find("[data-again]").hidden = state.busy || !(state.fault || state.words);
    find(".board-file").href = model.get("file");
  }

  el.addEventListener("click", (event) => {
    const at = event.target.closest("button")?.dataset;
    if (!at) return;
    if (at.id) model.send({ choose: at.id });
    else if ("cancel" in at) model.send({ cancel: true });
    else if ("again" in at) model.send({ again: true });
  });
  for (const filter of filters) filter.addEventListener("change", draw);
  const hears = { rows: draw, chosen: draw, headline: tell, state: tell, file: tell };
  for (const [trait, hear] of Object.entries(hears)) model.on(`change:${trait}`, hear);
  draw();
  tell();
  return () => Object.entries(hears).forEach(([trait, hear]) => model.off(`change:${trait}`, hear));
}

export default { render };
