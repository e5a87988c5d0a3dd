//<![CDATA[
"use strict";
// The table of papers: a column's name becomes a button that sorts by it, and sorts back.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.papers")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.ariaSort ? head.ariaSort !== "ascending" : !head.matches(".counts");
        for (const other of heads) other.removeAttribute("aria-sort");
        head.ariaSort = up ? "ascending" : "descending";
        const key = (row) => row.cells[column].dataset.sort;
        const compared = new Intl.Collator("en", { numeric: true }).compare;
        const number = (row) => Number(key(row));
        const rows = [...body.rows];
        const numeric = rows.every((row) => key(row) !== "" && !Number.isNaN(number(row)));
        rows.sort((one, two) => (up ? 1 : -1)
          * (numeric ? number(one) - number(two) : compared(key(one), key(two))));
        body.append(...rows);
      });
    });
    for (const note of document.querySelectorAll(".scripted")) note.hidden = false;
  }
});

// Escape takes a word's explanation away.
addEventListener("keydown", (event) => {
  const term = document.activeElement;
  if (event.key === "Escape" && term.matches(".term")) term.blur();
});

// The filters of the first page and of what moved. Their state is the address's fragment, so that
// a view can be sent to somebody else. Where this script does not run, every row is shown and no
// control is.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("filters");
  const { family, verdict, tier, words, fold } = form.elements;
  const fields = [family, verdict, tier, words].filter(Boolean);
  const groups = [...document.querySelectorAll("[data-family]")].map((element) => ({
    element,
    rows: [...element.querySelectorAll("[data-verdict]")].map(searchable),
    text: (element.querySelector("h2, summary, .group")?.textContent ?? "").toLowerCase(),
  }));
  const sheets = groups.filter((group) => group.element.matches(".entry"));
  for (const sheet of sheets) sheet.details = sheet.element.querySelector("details");
  const folded = sheets.filter((sheet) => sheet.details);
  const total = sheets.reduce((sum, sheet) => sum + sheet.rows.length, 0);

  function searchable(element) {
    return { element, text: element.textContent.toLowerCase() };
  }

  function show() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of groups) {
      const { element, rows, text } = group;
      const fits = (!family.value || element.dataset.family === family.value)
        && (!tier?.value || element.dataset.tier === tier.value);
      group.shown = 0;
      for (const row of rows) {
        const kept = fits && (!verdict.value || row.element.dataset.verdict === verdict.value)
          && wanted.every((word) => row.text.includes(word) || text.includes(word));
        row.element.classList.toggle("off", !kept);
        group.shown += kept ? 1 : 0;
      }
      const silent = rows.length === 0 && !filtered();  // has words alone
      element.classList.toggle("off", group.shown === 0 && !silent);
    }
    const found = sheets.reduce((sum, sheet) => sum + sheet.shown, 0);
    const papers = sheets.filter((sheet) => !sheet.element.matches(".off")).length;
    document.getElementById("shown").value = `${found} of ${total} ${form.dataset.rows}, `
      + `${papers} of ${sheets.length} papers`;
  }

  function unfold(open) {
    for (const sheet of folded) sheet.details.open = open;
    label();
  }

  function label() {
    const open = folded.some((sheet) => sheet.details.open && sheet.shown);
    fold.textContent = open ? "Close all" : "Open all";
  }

  function filtered() {
    return fields.some((field) => field.value);
  }

  // From the fragment to the fields, and back.
  function load() {
    const fragment = location.hash.slice(1);
    if (fragment && !fragment.includes("=")) return false;  // a place on the page, not a view
    const state = new URLSearchParams(fragment);
    for (const field of fields) {
      const value = state.get(field.name) ?? "";
      const known = field === words || [...field.options].some((option) => option.value === value);
      field.value = known ? value : "";
    }
    return true;
  }

  function save() {
    const state = new URLSearchParams();
    for (const field of fields) if (field.value) state.set(field.name, field.value);
    const fragment = state.toString();
    history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  }

  function changed() {
    show();
    save();
    unfold(filtered());
  }

  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("submit", (event) => event.preventDefault());
  fold.addEventListener("click", () => unfold(fold.textContent === "Open all"));
  document.addEventListener("toggle", label, true);
  addEventListener("hashchange", () => {
    if (!load()) return;
    show();
    unfold(filtered());
  });
  load();
  show();
  unfold(filtered());
  fold.hidden = folded.length === 0;
  form.hidden = false;
});
//]]>
