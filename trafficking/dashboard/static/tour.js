// A tour in five steps: each lights one panel and says in plain words what it is. A native dialog keeps the focus and
// the screen reader in it. It is offered to those who have not seen it, and can be asked for again under View.

const DONE = "trafficking.tour";

function seen() {
  try {
    return localStorage.getItem(DONE) === "done";
  } catch {
    return true; // a browser that keeps nothing would offer it each time
  }
}

function render({ model, el }) {
  el.classList.add("tour");
  const steps = model.get("steps");
  el.innerHTML = `
    <p class="tour-offer" hidden>New here? <button type="button" class="plain" data-tour="start">A tour of five steps</button>
      <button type="button" class="plain" data-tour="never" aria-label="No tour, thank you">×</button></p>
    <div class="tour-light" hidden></div>
    <dialog class="tour-card" aria-labelledby="tour-title" aria-describedby="tour-text">
      <p class="tour-where"></p><h2 id="tour-title" tabindex="-1"></h2><p id="tour-text"></p>
      <div class="tour-ways"><button type="button" class="plain" data-tour="skip">Skip</button><span></span>
        <button type="button" data-tour="back">Back</button><button type="button" class="chief" data-tour="next"></button></div>
    </dialog>`;
  const find = (selector) => el.querySelector(selector);
  const [offer, light, card, title] = [".tour-offer", ".tour-light", "dialog", "h2"].map(find);
  let at = 0;
  let opener = null;

  function place() {
    if (!card.open) return;
    const panel = document.querySelector(steps[at].panel)?.getBoundingClientRect();
    light.hidden = !panel;
    if (!panel) return card.style.removeProperty("inset");
    const gap = 10;
    Object.assign(light.style, { left: `${panel.left - 5}px`, top: `${panel.top - 5}px`, width: `${panel.width + 10}px`, height: `${panel.height + 10}px` });
    const { offsetWidth: width, offsetHeight: height } = card;
    const below = panel.bottom + gap + height < innerHeight;
    const above = panel.top - gap - height > 0;
    const top = below ? panel.bottom + gap : above ? panel.top - gap - height : innerHeight - height - gap;
    const left = Math.min(Math.max(panel.left + panel.width / 2 - width / 2, gap), innerWidth - width - gap);
    Object.assign(card.style, { inset: "auto", left: `${left}px`, top: `${Math.max(top, gap)}px` });
  }

  function show(step) {
    at = step;
    find(".tour-where").textContent = `Step ${at + 1} of ${steps.length}`;
    title.textContent = steps[at].title;
    find("#tour-text").textContent = steps[at].text;
    find("[data-tour=back]").disabled = at === 0;
    find("[data-tour=next]").textContent = at === steps.length - 1 ? "Done" : "Next";
    document.querySelector(steps[at].panel)?.scrollIntoView({ block: "center", behavior: "instant" });
    place();
    title.focus({ preventScroll: true }); // so that it is read aloud
  }

  function start() {
    opener = document.activeElement;
    if (!document.querySelector(".live")?.getClientRects().length) document.querySelector(".pages a")?.click();
    card.showModal();
    show(0);
  }

  function done() {
    try {
      localStorage.setItem(DONE, "done");
    } catch {}
    offer.hidden = light.hidden = true;
    if (card.open) card.close();
  }

  el.addEventListener("click", ({ target }) => {
    const way = target.closest("[data-tour]")?.dataset.tour;
    if (way === "start") start();
    else if (way === "back") show(at - 1);
    else if (way === "next" && at < steps.length - 1) show(at + 1);
    else if (way) done();
  });
  card.addEventListener("close", () => {
    done();
    const back = opener?.getClientRects().length ? opener : document.querySelector(".view-button");
    back?.focus();
  });
  card.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight" && at < steps.length - 1) show(at + 1);
    if (event.key === "ArrowLeft" && at > 0) show(at - 1);
  });
  document.addEventListener("tour", start);
  addEventListener("resize", place);
  addEventListener("scroll", place, true);
  offer.hidden = seen();
  return () => {
    document.removeEventListener("tour", start);
    removeEventListener("resize", place);
    removeEventListener("scroll", place, true);
  };
}

export default { render };
