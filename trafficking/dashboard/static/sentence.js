// The sentence on top. Eyes see every change; a screen reader hears it at most every ten seconds.

const SPEAK_EVERY = 10000;

function render({ model, el }) {
  el.classList.add("sentence");
  el.innerHTML = `<p class="sentence-main" aria-hidden="true"></p><p class="sentence-detail"></p>
    <p class="sentence-remark"></p><p class="unseen" role="status" aria-live="polite"></p>`;
  const [main, detail, remark, spoken] = el.children;
  let last = 0;
  let timer = 0;

  function speak() {
    timer = 0;
    last = performance.now();
    spoken.textContent = main.textContent;
  }

  function draw() {
    const strong = document.createElement("strong");
    const [before = "", middle = "", after = ""] = model.get("parts");
    strong.textContent = middle;
    main.replaceChildren(before, strong, after);
    detail.textContent = model.get("detail");
    remark.textContent = model.get("remark");
    if (!timer) timer = setTimeout(speak, Math.max(last + SPEAK_EVERY - performance.now(), 500));
  }

  model.on("change", draw);
  draw();
  return () => {
    clearTimeout(timer);
    model.off("change", draw);
  };
}

export default { render };
