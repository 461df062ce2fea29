// Names of the compartments, above the dots, each with a line to what it names.

// In the order in which they get their room: one that would lie on an earlier one is left out.
function labelList(plan) {
  const { m, nucleus, organelles, pits, golgi: stack } = plan;
  const narrow = plan.width < 430 || m < 125;
  const found = [];
  const add = (text, x, y, to, align = "center") => found.push({ text, x, y, to, align });
  // The body that lies farthest in a direction.
  const outermost = (bodies, u, v) => bodies.reduce((best, one) => (one.x * u + one.y * v > best.x * u + best.y * v ? one : best));
  const text = labelSize(plan);
  add("Nucleus", nucleus.x + 0.08 * nucleus.rx, nucleus.y - 0.36 * nucleus.ry, null);
  if (organelles.recycling) {
    const one = organelles.recycling[0];
    add(narrow ? "Recycling" : "Recycling endosome", one.x + 0.04 * m, one.y - 0.27 * m - text, [one.x + 0.01 * m, one.y - 0.1 * m]);
  }
  if (organelles.early_endosome && organelles.early_endosome.length) {
    const one = outermost(organelles.early_endosome, narrow ? -1 : 1, narrow ? -0.9 : -0.55);
    const side = narrow ? -1 : 1; // of the label
    add("Early endosome", one.x - side * 1.9 * one.rx, one.y + 0.3 * text, [one.x - side * 0.7 * one.rx, one.y], narrow ? "left" : "right");
  }
  if (organelles.lysosome) {
    const one = outermost(organelles.lysosome, 0, 1);
    add("Lysosome", one.x - 1.9 * one.rx, one.y + one.ry + 0.4 * text, [one.x - 0.6 * one.rx, one.y + 0.3 * one.ry], "right");
  }
  if (!narrow) {
    const last = stack[stack.length - 1];
    const [x, y] = last.line[0];
    add("Golgi", x - 0.01 * m, y - 0.9 * text, null);
    const [ex, ey] = plan.reticulum[2].line[30];
    add("ER", ex - 0.09 * m, ey + 0.9 * text, null);
  }
  const high = outermost(pits.map((one) => ({ ...one, x: one.cx, y: one.cy })), 0.55, -1);
  const coat = 1.7 * high.r;
  add(narrow ? "Coated pit" : "Clathrin-coated pit", high.cx - coat - 1.1 * text, high.cy + 0.9 * text, [high.cx - coat, high.cy + 0.2 * text], "right");
  return found;
}

const labelSize = ({ m }) => Math.max(11, Math.min(0.062 * m, 19));

function drawLabels(ctx, plan, tone) {
  ctx.clearRect(0, 0, plan.width, plan.height);
  const size = labelSize(plan);
  ctx.font = `500 ${size}px ${tone.font}`;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  const taken = [];
  for (const { text, x, y, to, align } of labelList(plan)) {
    const width = ctx.measureText(text).width;
    const left = align === "right" ? x - width : align === "left" ? x : x - width / 2;
    if (taken.some(([from, until, at]) => left < until && left + width > from && Math.abs(at - y) < 1.1 * size)) continue;
    taken.push([left, left + width, y]);
    if (to) {
      ctx.strokeStyle = ink(tone.ink, 0.55);
      ctx.lineWidth = 1;
      ctx.beginPath();
      if (align === "center") ctx.moveTo(x, y + (to[1] > y ? 0.6 : -0.6) * size);
      else ctx.moveTo(x + (align === "right" ? 0.35 : -0.35) * size, y);
      ctx.lineTo(to[0], to[1]);
      ctx.stroke();
    }
    ctx.textAlign = align;
    ctx.strokeStyle = ink(tone.plasm, 0.9);
    ctx.lineWidth = 0.3 * size;
    ctx.strokeText(text, x, y);
    ctx.fillStyle = ink(tone.ink);
    ctx.fillText(text, x, y);
  }
}
