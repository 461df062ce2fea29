// Links that stay in the session on a plain click and open a session of their own with Ctrl, as links do.

function render({ model, el }) {
  el.classList.add("masthead");
  el.innerHTML = `<h1><b>trafficking</b><span></span></h1>
    <nav class="pages" aria-label="Pages"></nav>
    <nav class="questions" aria-label="Questions to start from"></nav>`;
  const [tagline, pages, questions] = [el.querySelector("span"), el.querySelector(".pages"), el.querySelector(".questions")];

  function links(nav, entries, at) {
    nav.replaceChildren(
      ...entries.map(([address, name]) => {
        const link = document.createElement("a");
        [link.href, link.textContent] = [address, name];
        if (address === at) link.setAttribute("aria-current", "page");
        return link;
      }),
    );
    nav.hidden = !entries.length;
  }

  function draw() {
    const path = model.get("path");
    tagline.textContent = model.get("tagline");
    links(pages, model.get("pages"), path);
    links(questions, path === "/" ? model.get("questions").map(([text, address]) => [address, text]) : [], null);
  }

  el.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    model.send({ go: link.getAttribute("href") });
  });
  const traits = ["tagline", "pages", "questions", "path"];
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
  return () => traits.forEach((trait) => model.off(`change:${trait}`, draw));
}

export default { render };
