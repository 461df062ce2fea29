// The id of the run in the address, so that a reload finds it again and Back the run before it, and a link that is there
// to be copied.

// An id of this tab, which a reload does not change; "" where the browser keeps nothing.
function tab() {
  try {
    const known = sessionStorage.getItem("trafficking-tab");
    if (known) return known;
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const made = Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => letters[byte % 64]).join("");
    sessionStorage.setItem("trafficking-tab", made);
    return made;
  } catch {
    return "";
  }
}

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

  const known = () => model.get("placed")[1];
  const onLive = () => location.pathname.replace(/\/$/, "") === solara.rootPath;

  function put(step) {
    if (!known() || here("run", known()) === location.href) return;
    if (step) history.pushState({ top: 0 }, "", here("run", known()));
    else history.replaceState(history.state, "", here("run", known()));
  }

  // On the way to Live the id waits for the address of that page.
  function place() {
    const way = model.get("placed")[2];
    if (way !== "travel" || onLive()) put(way === "step");
  }

  const arrive = () => put(false);

  function back() {
    const run = new URL(location.href).searchParams.get("run");
    if (!run) put(false);
    else if (run !== known()) model.send({ back: run });
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
  model.on("change:placed", place);
  model.on("change:link", offer);
  addEventListener("solara.router", arrive);
  addEventListener("popstate", back);
  put(false);
  model.send({ tab: tab() });
  return () => {
    model.off("change:placed", place);
    model.off("change:link", offer);
    removeEventListener("solara.router", arrive);
    removeEventListener("popstate", back);
  };
}

export default { render };
