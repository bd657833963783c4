
"use strict";
// Everything on the page is there without this script. It adds: sorting by a click on a heading, a filter for the
// table of students, and the student's name on the heat map.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.dataset.sort === "no") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const rows = [...body.rows].map((row) => [key(row), row]);
      const numbers = rows.every(([value]) => value === "" || !Number.isNaN(Number(value)));
      rows.sort(([a], [b]) => (numbers ? Number(a) - Number(b) : a.localeCompare(b)) * (down ? -1 : 1));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
const filter = document.getElementById("filter");
filter.parentElement.hidden = false;
filter.addEventListener("input", () => {
  const wanted = filter.value.toLowerCase();
  for (const row of document.getElementById("students").tBodies[0].rows) {
    row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  }
});
const columns = JSON.parse(document.getElementById("columns").textContent);
const under = (event, strip) => {
  const box = strip.getBoundingClientRect();
  return columns[Math.min(columns.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns.length)))];
};
for (const strip of document.querySelectorAll("svg.strip")) {
  const name = document.createElementNS("http://www.w3.org/2000/svg", "title");
  strip.prepend(name);
  strip.addEventListener("mousemove", (event) => { name.textContent = under(event, strip)[0]; });
  strip.addEventListener("click", (event) => { const address = under(event, strip)[1]; if (address) location.href = address; });
}
