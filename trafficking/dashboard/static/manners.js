// The View menu, the list of keys, and what the keys do. Choices are announced to appearance.js, which keeps them.

const root = document.documentElement;
const say = (detail) => document.dispatchEvent(new CustomEvent("choose", { detail }));
const find = (selector) => document.querySelector(selector);
const visible = (element) => Boolean(element?.getClientRects().length);

const MENU = `
  <button type="button" class="view-button" aria-expanded="false" aria-controls="view-menu">View</button>
  <div id="view-menu" class="view-menu" hidden role="group" aria-label="How the page looks">
    <fieldset><legend>Theme</legend>
      <label><input type="radio" name="theme" value="system"> As the system</label>
      <label><input type="radio" name="theme" value="light"> Light</label>
      <label><input type="radio" name="theme" value="dark"> Dark</label>
    </fieldset>
    <label><input type="checkbox" name="view" value="lecture"> Lecture view <small>large type, thick lines</small></label>
    <label><input type="checkbox" name="motion" value="reduced"> Less motion <small>the finished curve at once</small></label>
    <label><input type="checkbox" name="keys" value="off"> Single keys off <small>only Tab, Enter and arrows</small></label>
    <div class="view-ways"><button type="button" data-open="tour">Tour of five steps</button>
      <button type="button" data-open="keys">Keys <kbd>?</kbd></button></div>
  </div>`;

// What each key does, and how it is told. Order is that of the list.
const KEYS = [
  ["Space", "play or pause"],
  ["← →", "less or more insulin"],
  ["Page\u00a0Up Page\u00a0Down", "ten times more or less insulin (*)"],
  ["Home End", "no insulin, or 1,000 nM (*)"],
  ["+ −", "zoom into the plot, and out"],
  ["0 or Esc", "the whole plot again"],
  ["1 … 8", "the pages, in the order of their names"],
  ["L", "lecture view"],
  ["Tab, Enter", "go through everything that can be used, and use it"],
  ["?", "this list"],
];

const dialog = `<dialog class="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2><table>${KEYS.map(
  ([key, what]) => `<tr><th scope="row">${key.split(/ (?=\S)/).map((k) => (/^(or|…)$/.test(k) ? k : `<kbd>${k.replace(",", "")}</kbd>`)).join(" ")}</th><td>${what}</td></tr>`,
).join("")}</table><p>(*) On the insulin slider, and wherever the page has nothing to scroll.</p>
  <p>Single keys can be switched off under View.</p><form method="dialog"><button class="chief">Close</button></form></dialog>`;

// A key belongs to what has the focus, if that can use it.
function taken(target, key) {
  if (find("dialog[open]")) return true;
  if (target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable=true]")) return true;
  if (target.closest("input[type=radio]") && key.startsWith("Arrow")) return true;
  return (key === " " || key === "Enter") && Boolean(target.closest("button, a, summary, input, [role=button]"));
}

const ACTIONS = {
  " ": () => press(".deck-play"),
  "+": () => zoom("in"),
  "=": () => zoom("in"),
  "-": () => zoom("out"),
  "−": () => zoom("out"),
  0: () => zoom("all"),
  escape: () => (find(".plot")?.dataset.zoomed === "true" ? zoom("all") : false),
  l: () => say({ view: root.dataset.view === "lecture" ? "desk" : "lecture" }),
  "?": () => find("dialog.keys").showModal(),
};

function press(selector) {
  const button = find(selector);
  if (!visible(button)) return false;
  button.click();
}

function zoom(way) {
  if (!visible(find(".plot"))) return false;
  find(".plot").dispatchEvent(new CustomEvent("zoom", { detail: way }));
}

const STEERS = /^(Arrow(Left|Right)|Page(Up|Down)|Home|End)$/;

// These belong to the insulin slider wherever nothing else wants them; all but the arrows scroll a page that is longer
// than its window.
function steer(event) {
  const thumb = find(".dose-thumb");
  if (document.activeElement !== document.body || !visible(thumb)) return false;
  if (!event.key.startsWith("Arrow") && root.scrollHeight > root.clientHeight) return false;
  thumb.focus();
  thumb.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: false }));
  thumb.dispatchEvent(new KeyboardEvent("keyup", { key: event.key, bubbles: false }));
}

function act(event) {
  if (STEERS.test(event.key)) return event.shiftKey ? false : steer(event);
  if (/^[1-9]$/.test(event.key)) return press(`.pages a:nth-child(${event.key})`);
  const action = ACTIONS[event.key.toLowerCase()];
  return action ? action() : false;
}

function hearKey(event) {
  if (!event.key || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const single = event.key.length === 1;
  if ((single && root.dataset.keys === "off") || taken(event.target, event.key)) return;
  if (act(event) !== false) event.preventDefault();
}

function render({ model, el }) {
  el.classList.add("manners");
  el.innerHTML = MENU + dialog + '<p class="waiting" role="status"></p>';
  const button = el.querySelector(".view-button");
  const menu = el.querySelector(".view-menu");
  const keys = el.querySelector("dialog");

  function show(open, focus) {
    menu.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector("input:checked, input").focus();
    else if (focus) button.focus();
  }

  function draw() {
    for (const input of menu.querySelectorAll("input"))
      input.checked = root.getAttribute(`data-chosen-${input.name}`) === input.value;
  }

  // Text comes and goes, so that it is read aloud; the deck says it too.
  function wait(silent) {
    el.querySelector(".waiting").textContent = silent ? "Waiting for the server…" : "";
    root.dataset.server = silent ? "silent" : "there";
    document.dispatchEvent(new Event("server"));
  }

  let asked = model.get("there");
  const [alive, deaf] = listenForSilence(() => model.send({ there: (asked += 1) }), wait);
  const answered = () => {
    el.dataset.there = model.get("there");
    alive();
  };
  model.on("change:there", answered);
  button.addEventListener("click", () => show(menu.hidden, true));
  menu.addEventListener("change", ({ target }) => {
    const plain = { view: "desk", motion: "system", keys: "on" };
    say({ [target.name]: target.checked ? target.value : plain[target.name] });
  });
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    event.preventDefault();
    show(false, true);
  });
  el.addEventListener("click", ({ target }) => {
    const wanted = target.closest("[data-open]")?.dataset.open;
    if (!wanted) return;
    show(false, true);
    if (wanted === "keys") keys.showModal();
    else document.dispatchEvent(new Event("tour"));
  });
  const away = (event) => {
    if (!menu.hidden && !el.contains(event.target)) show(false, false);
  };
  document.addEventListener("pointerdown", away);
  document.addEventListener("focusin", away);
  document.addEventListener("keydown", hearKey);
  document.addEventListener("appearance", draw);
  draw();
  return () => {
    deaf();
    model.off("change:there", answered);
    document.removeEventListener("pointerdown", away);
    document.removeEventListener("focusin", away);
    document.removeEventListener("keydown", hearKey);
    document.removeEventListener("appearance", draw);
  };
}

export default { render };
