// Both F29 lists of the simulator, made the way GWT makes them: nothing in the HTML, every widget
// drawn late, and the rows drawn again under whoever reads them.
"use strict";

const app = document.getElementById("aplicacion");
const variant = app.dataset.variant, fault = app.dataset.fault;
const services = document.body.dataset.services;
const year = Number(app.dataset.today.slice(0, 4));
const tableClass = fault === "table_renamed" ? "gw-tabla-nueva"
  : variant === "B" ? "tabla_internet" : "gw-detalle-center-busqueda";
if (fault === "new_window_blocked") window.open = () => null;
let rows = [];

function make(kind, className, text, children = []) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

function listBox(options) {
  return make("select", "gwt-ListBox", undefined, options.map(([value, text]) => {
    const option = make("option", "", text);
    option.value = value;
    return option;
  }));
}

function button(text, action, className = "gwt-Button") {
  const made = make("button", className, text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function link(text, action) {
  const made = make("a", "gwt-Anchor", text);
  made.href = "javascript:;";
  made.addEventListener("click", (event) => {
    event.preventDefault();
    if (!isSwallowed(event)) { action(); drawAgain(60); }
  });
  return made;
}

// A link that is drawn again between press and release takes no click: here, each one's first.
const swallowed = new Set();
function isSwallowed(event) {
  const row = event.target.closest("tr").rowIndex;
  if (fault !== "lost_click" || swallowed.has(row)) return false;
  return Boolean(swallowed.add(row));
}

const years = () => Array.from({ length: 10 }, (_, back) => [String(year - back), String(year - back)]);

function openForm(row) {
  const [, folio, rut, , , , codInt] = row;
  const form = variant === "B" ? "029" : "29";
  const query = `folio=${folio}&rut=${rut.split("-")[0]}&form=${form}&codInt=${codInt}`;
  window.open(`${services}/rfiInternet/formCompacto?${query}`, "_blank");
}

function openDetail(row) {
  const [, folio, rut, , , , codInt] = row;
  const query = `folio=${folio}&rut=${rut.split("-")[0]}&form=29&codInt=${codInt}`;
  window.open(`${services}/rfiInternet/formDetalle?${query}`, "_blank");
}

function rectify() {
  fetch(`${services}/rfiInternet/rectificarF29/rectificar`, { method: "POST" });
}

async function search(chosenYear) {
  const base = variant === "B" ? "rfiInternet" : "sifmConsultaInternet";
  const answer = await fetch(`${services}/${base}/svcConsulta`, {
    method: "POST",
    headers: { "Content-Type": "text/x-gwt-rpc; charset=utf-8" },
    body: `getDocumentosBusqueda|29|${chosenYear}|`,
  });
  const text = await answer.text();
  if (!text.startsWith("//OK")) { message("Se ha producido un error, intente nuevamente"); return; }
  rows = JSON.parse(text.slice(4));
  if (!rows.length) { message("No se encontraron declaraciones para los datos ingresados"); return; }
  message("");
  if (fault === "table_missing") return;
  draw();
  const times = fault === "stale_dom" ? Array.from({ length: 60 }, (_, n) => 30 * n) : [80, 300];
  times.forEach(drawAgain);
}

function message(text) { document.getElementById("mensaje").textContent = text; }

function drawAgain(after) {
  setTimeout(() => { if (document.getElementById("tabla")) draw(); }, after);
}

function draw() {
  const place = document.getElementById("resultado");
  place.replaceChildren(variant === "B" ? tableB() : tableA());
  place.firstChild.id = "tabla";
}

function tableB() {
  const head = [
    make("tr", "", undefined, [make("th", "", "Declaraciones del Formulario 29")]),
    make("tr", "", undefined, ["Período", "Folio", "RUT", "Fecha Presentación", "Estado", "Ver", "Rectificar", "Giros"]
      .map((text) => make("th", "", text))),
  ];
  head[0].firstChild.colSpan = 8;
  return make("table", tableClass, undefined, [...head, ...rows.map(rowB)]);
}

function rowB(row) {
  const [period, folio, rut, date, status] = row;
  const cell = (...children) => make("td", "", undefined, children);
  return make("tr", "", undefined, [
    cell(link(period, () => openDetail(row))),
    cell(make("div", "gwt-Label", String(folio))),
    cell(make("div", "gwt-Label", rut)),
    cell(make("div", "gwt-Label", date)),
    cell(make("div", "gwt-Label", status)),
    cell(link("Detalle", () => openDetail(row)), " ", link("Formulario", () => openForm(row)), " ",
      link("C. Solemne", () => openDetail(row))),
    cell(link("Rectificar", rectify)),
    cell(make("div", "gwt-Label", "-")),
  ]);
}

function tableA() {
  const head = make("tr", "", undefined, ["Período", "Folio", "Contribuyente", "Fecha", "Estado", "Monto", ""]
    .map((text) => make("th", "", text)));
  const body = rows.map((row) => {
    const [period, folio, rut, date, status, amount] = row;
    const texts = [period, String(folio), rut, date, status, `$ ${amount.toLocaleString("es-CL")}`];
    const seen = make("td", "", undefined, [link("Ver", () => showDetail(row))]);
    return make("tr", "", undefined, [...texts.map((text) => make("td", "", text)), seen]);
  });
  return make("table", tableClass, undefined, [head, ...body]);
}

function showDetail(row) {
  document.getElementById("resultado").replaceChildren(
    make("h2", "", `Folio ${row[1]}`),
    button("Formulario Compacto", () => openForm(row), "gw-button-blue-bootstrap"),
    button("Volver", draw, "gw-button-blue-bootstrap"),
  );
}

function formB() {
  const hidden = listBox([["x", "Formulario 50"]]);
  hidden.style.display = "none";
  const form = listBox([["", "Seleccione"], ["22", "Formulario 22"], ["29", "Formulario 29"]]);
  const chosen = listBox([["", "Seleccione"], ...years()]);
  return [hidden, form, chosen, button("Consultar", () => {
    if (form.value === "29" && chosen.value) search(chosen.value);
    else message("Debe seleccionar formulario y año");
  })];
}

function formA() {
  const place = listBox([["", "Seleccione"], ["DPS", "Declaraciones y pagos"]]);
  const form = listBox([["", "Seleccione"], ["29", "Formulario 29"]]);
  const chosen = listBox([["", "Seleccione"], ...years()]);
  const radio = (text) => {
    const input = make("input");
    input.type = "radio";
    input.name = "tipo";
    return [input, make("span", "gwt-RadioButton", undefined, [input, make("label", "", text)])];
  };
  const [yearly, yearlyPart] = radio("Anual");
  const [, folioPart] = radio("Folio");
  return [place, form, yearlyPart, folioPart, chosen, make("input", "gwt-TextBox"),
    button("Consultar", () => {
      if (place.value === "DPS" && form.value === "29" && yearly.checked && chosen.value) search(chosen.value);
      else message("Debe completar los datos de la búsqueda");
    }, "gw-button-blue-bootstrap")];
}

function start(widgets) {
  const messages = make("div", "gwt-Label");
  messages.id = "mensaje";
  const result = make("div");
  result.id = "resultado";
  app.replaceChildren(make("div", "row", undefined, widgets), messages, result);
}

setTimeout(() => {
  if (variant === "B") start(formB());
  else app.replaceChildren(button("Buscar Formulario", () => start(formA()), "gw-button-blue-bootstrap"));
}, 50);
