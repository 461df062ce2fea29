// The numbers beside the plot. Each row shows its line as the plot draws it, so that colour is never the only sign.

function render({ model, el }) {
  el.classList.add("numbers");
  const count = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
  let cells = [];

  function build() {
    const rows = model.get("lines").map((line) => `
      <tr data-line="${line.key}"><th scope="row"><svg width="34" height="10" aria-hidden="true"><line x1="1" y1="5" x2="33" y2="5"
        stroke="var(--${line.key})" stroke-width="${line.width + 0.5}" stroke-dasharray="${line.dash.join(" ")}"/></svg>${line.label}</th>
        <td class="numbers-count"></td><td class="numbers-share"></td></tr>`);
    el.innerHTML = `<table><caption></caption><thead class="unseen"><tr><th>where</th><th>receptors</th><th>percent</th></tr></thead>
      <tbody>${rows.join("")}</tbody></table>`;
    cells = [...el.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")]);
    draw();
  }

  function draw() {
    model.get("values").forEach(([receptors, percent], i) => {
      if (!cells[i]) return;
      cells[i][0].textContent = count.format(receptors);
      cells[i][1].textContent = `${percent.toFixed(1)} %`;
    });
    el.querySelector("caption").textContent = model.get("base");
  }

  model.on("change:lines", build);
  model.on("change:values", draw);
  model.on("change:base", draw);
  build();
  return () => {
    model.off("change:lines", build);
    model.off("change:values", draw);
    model.off("change:base", draw);
  };
}

export default { render };
