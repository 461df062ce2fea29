// The id of the run in the address, so that a reload finds it again, and a link that is there to be copied.

function render({ model, el }) {
  el.className = "address";
  el.innerHTML = `
    <div class="link-box" role="group" aria-label="Link to this run" hidden>
      <p role="status"></p>
      <input type="text" readonly aria-label="Link to this run">
      <button type="button">Close</button>
    </div>`;
  const [box, said, field] = [el.querySelector(".link-box"), el.querySelector("p"), el.querySelector("input")];
  let opener = null;

  function here(name, text) {
    const url = new URL(location.href);
    for (const asked of ["run", "scenario", "link"]) url.searchParams.delete(asked);
    url.searchParams.set(name, text);
    return url.href;
  }

  function place() {
    const run = model.get("run");
    if (run && here("run", run) !== location.href) history.replaceState(history.state, "", here("run", run));
  }

  async function offer() {
    const [, text] = model.get("link");
    field.value = here("link", text);
    opener = document.activeElement;
    box.hidden = false;
    field.focus();
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Link copied: it holds the scenario, the seed, what you changed and how far the run had come.";
    } catch {
      said.textContent = "Copy this link: it holds the scenario, the seed, what you changed and how far the run had come.";
    }
  }

  function close() {
    box.hidden = true;
    if (opener?.isConnected) opener.focus();
  }

  el.querySelector("button").addEventListener("click", close);
  box.addEventListener("keydown", (event) => event.key === "Escape" && close());
  model.on("change:run", place);
  model.on("change:link", offer);
  addEventListener("solara.router", place);
  addEventListener("popstate", place);
  place();
  return () => {
    model.off("change:run", place);
    model.off("change:link", offer);
    removeEventListener("solara.router", place);
    removeEventListener("popstate", place);
  };
}

export default { render };
