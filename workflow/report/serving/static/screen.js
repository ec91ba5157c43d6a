// Small pieces of the page: numbers as text, progress cells, table rows.

export const byId = (id) => document.getElementById(id);

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

export const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export function showProblem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = false;
  document.body.dataset.state = "failed";
}

export function makeCells(files) {
  byId("cells").classList.toggle("few", files.length <= 12);
  const cells = new Map();
  for (const file of files) {
    const cell = element("span", "cell");
    const fill = document.createElement("i");
    cell.title = `${file.path}, ${size(file.bytes)}`;
    cell.append(fill);
    byId("cells").append(cell);
    cells.set(file.path, { cell, fill, total: file.bytes, received: 0 });
  }
  return cells;
}

export function fillCell(entry, bytes, complete) {
  entry.received += bytes;
  entry.fill.style.width = complete ? "100%" : `${Math.min(100, (100 * entry.received) / entry.total)}%`;
  entry.cell.classList.toggle("done", complete);
}

export function backendRow(result, onChoose) {
  const row = document.createElement("tr");
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "backend", id: `use-${result.backend}` });
  label.append(radio, result.backend);
  const head = document.createElement("th");
  head.scope = "row";
  head.append(label);
  row.append(head);
  if (result.error) {
    radio.disabled = true;
    const why = element("td", "why", result.error.split("\n")[0]);
    why.colSpan = 4;
    row.append(why);
  } else {
    radio.addEventListener("change", onChoose);
    for (const value of [result.load, result.first, result.median]) row.append(element("td", "num", milliseconds(value)));
    row.append(element("td", "num", String(result.count)));
  }
  byId("times").append(row);
}

export function specRow({ side, name, shape, dtype }) {
  const row = document.createElement("tr");
  const sizes = shape === null ? "not declared" : shape.map((length) => length ?? "any").join(" × ") || "one number";
  const head = element("th", "", `${side === "in" ? "→" : "←"} ${name}`);
  head.scope = "row";
  head.setAttribute("aria-label", `${side === "in" ? "input" : "output"} ${name}`);
  row.append(head, element("td", "", sizes), element("td", "", dtype));
  byId("specs").append(row);
}

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
