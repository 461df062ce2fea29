// What the list of numbers and the chosen one of them share: signs of an outcome, and links to a source.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const SIGN = { met: "✓ met", missed: "✗ missed", "": "… to come" };

function link(identifier) {
  const doi = identifier.match(/^doi (10\.\S+)$/);
  const pmid = identifier.match(/^PMID (\d+)$/);
  const to = doi ? `https://doi.org/${doi[1]}` : pmid ? `https://pubmed.ncbi.nlm.nih.gov/${pmid[1]}/` : "";
  return to ? `<a href="${escape(to)}" target="_blank" rel="noopener noreferrer">${escape(identifier)}</a>` : escape(identifier);
}
