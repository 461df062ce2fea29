// What stands in a card until its answer is there: a pale shape of it, how far it is, and a way to ask again.

const SHAPE = `<svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true"><path class="coming-grid" d="M0 10H100M0 20H100M0 30H100"/>
  <path class="coming-axis" d="M0 0V40H100"/><path class="coming-curve" d="M0 34C18 33 26 8 46 8S78 22 100 25"/></svg>
  <ul aria-hidden="true">${"<li></li>".repeat(12)}</ul>`;

function render({ model, el }) {
  el.classList.add("coming");
  el.innerHTML = `<div class="coming-shape">${SHAPE}</div><div class="coming-said"><b></b><span class="coming-bar" aria-hidden="true"><i></i></span>
    <span class="coming-words"></span><button type="button" hidden>Compute again</button></div>`;
  const find = (selector) => el.querySelector(selector);

  function draw() {
    const { shown, busy, share, title, words } = model.get("state");
    el.hidden = !shown;
    find("b").textContent = title;
    find(".coming-bar").hidden = !busy;
    find("i").style.width = `${100 * share}%`;
    find(".coming-words").textContent = words;
    find("button").hidden = busy;
    el.dataset.busy = busy;
  }

  find("button").addEventListener("click", () => model.send({ again: true }));
  model.on("change:state", draw);
  draw();
  return () => model.off("change:state", draw);
}

export default { render };
