// Names of the compartments, above the dots, each with a line to what it names.

function labelList(plan) {
  const { m, cx, cy, a, b, nucleus, organelles, pits, golgi: stack } = plan;
  const narrow = plan.width < 430;
  const found = [];
  const add = (text, x, y, to, align = "center") => found.push({ text, x, y, to, align });
  const outermost = (bodies, u, v) => bodies.reduce((best, one) => (one.x * u + one.y * v > best.x * u + best.y * v ? one : best));
  add("Nucleus", nucleus.x + 0.1 * nucleus.rx, nucleus.y - 0.32 * nucleus.ry, null);
  if (organelles.recycling) {
    const one = organelles.recycling[0];
    add("Recycling endosome", one.x + 0.04 * m, one.y - 0.34 * m, [one.x, one.y - 0.2 * m]);
  }
  if (organelles.early_endosome && organelles.early_endosome.length) {
    const one = outermost(organelles.early_endosome, 0.75, -0.6);
    add("Early endosome", one.x - 0.1 * m, one.y + 0.27 * m, [one.x - 0.02 * m, one.y + 0.1 * m]);
  }
  if (organelles.lysosome) {
    const one = organelles.lysosome[0];
    add("Lysosome", one.x - 0.02 * m, one.y - 0.24 * m, [one.x, one.y - 0.13 * m]);
  }
  if (!narrow) {
    const top = stack[stack.length - 1];
    add("Golgi", top.x + 0.1 * m, top.y + 0.15 * m, [top.x, top.y + 0.02 * m]);
    add("ER", nucleus.x - 0.1 * m, nucleus.y + nucleus.ry * 1.78, null);
  }
  const high = pits.reduce((best, one) => (one.y + 0.6 * Math.abs(one.x - cx + 0.3 * a) < best.y + 0.6 * Math.abs(best.x - cx + 0.3 * a) ? one : best));
  add(narrow ? "Coated pit" : "Clathrin-coated pit", high.cx + 0.02 * m, high.cy + 0.26 * m, [high.cx + high.nx * 1.8 * high.r, high.cy + high.ny * 1.8 * high.r]);
  return found;
}

function drawLabels(ctx, plan, tone) {
  ctx.clearRect(0, 0, plan.width, plan.height);
  const size = Math.max(10.5, Math.min(0.056 * plan.m, 17));
  ctx.font = `500 ${size}px ${tone.font}`;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const { text, x, y, to, align } of labelList(plan)) {
    if (to) {
      ctx.strokeStyle = ink(tone.ink, 0.55);
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(x, y + (to[1] > y ? 0.6 : -0.6) * size);
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
