// How the page looks. It stands in the head of the page, so that the first picture is right already. One place decides:
// sheets and widgets read data-theme, data-motion and data-view of <html>, and hear "appearance" when one has changed.
// A choice is announced by "choose" with { name: value }; it is kept in this browser, a view in the address too.

(() => {
  const root = document.documentElement;
  const CHOICES = { theme: ["system", "light", "dark"], motion: ["system", "reduced"], view: ["desk", "lecture"], keys: ["on", "off"] };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const quiet = matchMedia("(prefers-reduced-motion: reduce)");
  const chosen = {};

  // A browser may refuse to keep anything; then a choice lasts as long as the page.
  function stored(name) {
    try {
      return localStorage.getItem(`trafficking.${name}`);
    } catch {
      return null;
    }
  }

  function store(name, value) {
    try {
      localStorage.setItem(`trafficking.${name}`, value);
    } catch {}
  }

  function settle() {
    root.dataset.theme = chosen.theme === "system" ? (dark.matches ? "dark" : "light") : chosen.theme;
    root.dataset.motion = chosen.motion === "reduced" || quiet.matches ? "reduced" : "full";
    root.dataset.view = chosen.view;
    root.dataset.keys = chosen.keys;
    for (const name of Object.keys(chosen)) root.setAttribute(`data-chosen-${name}`, chosen[name]);
    document.dispatchEvent(new Event("appearance"));
  }

  function address() {
    const url = new URL(location.href);
    if (chosen.view === "lecture") url.searchParams.set("view", "lecture");
    else url.searchParams.delete("view");
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  const asked = new URLSearchParams(location.search).get("view");
  for (const [name, values] of Object.entries(CHOICES)) {
    const wanted = name === "view" && values.includes(asked) ? asked : stored(name);
    chosen[name] = values.includes(wanted) ? wanted : values[0];
  }
  document.addEventListener("choose", (event) => {
    for (const [name, value] of Object.entries(event.detail)) {
      if (!CHOICES[name]?.includes(value)) continue;
      chosen[name] = value;
      store(name, value);
    }
    address();
    settle();
  });
  dark.addEventListener("change", settle);
  quiet.addEventListener("change", settle);
  settle();
})();
