// The RCV page of the simulator: binds its session, then asks the facade as the portal's page does.
"use strict";

const NAMESPACE = "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService/";
const STATES = { COMPRA: ["REGISTRO", "PENDIENTE", "NO_INCLUIR", "RECLAMADO"], VENTA: ["REGISTRO"] };
const base = document.body.dataset.services + "/consdcvinternetui";
const chosen = { operacion: "COMPRA", estadoContab: "REGISTRO" };
const element = (id) => document.getElementById(id);
const cookie = (name) => (document.cookie.match("(?:^|; )" + name + "=([^;]*)") || [])[1];

async function facade(method, data) {
  const answer = await fetch(`${base}/services/data/facadeService/${method}`, {
    method: "POST",
    headers: { Accept: "application/json, text/plain, */*", "Content-Type": "application/json" },
    body: JSON.stringify({
      metaData: {
        namespace: NAMESPACE + method,
        conversationId: cookie("TOKEN"),
        transactionId: Date.now().toString(16) + "-" + Math.random().toString(16).slice(2),
        page: null,
      },
      data,
    }),
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

function tokenData() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    window.jQuery_simulador = resolve;
    script.onerror = reject;
    script.src = `${document.body.dataset.auth}/cgi_AUT2000/AutTknData.cgi?rnd=${Math.random()}` +
      `&callback=jQuery_simulador&_=${Date.now()}`;
    document.head.append(script);
  });
}

async function bootstrap() {
  const common = `${base}/common-1.0/services`;
  await fetch(`${common}/autConfDataService/obtieneConf`, { method: "POST", body: "{}" });
  await fetch(`${common}/aaSessionService/load`);
  await tokenData();
  await facade("getDatosInicio", {});
  const companies = (await facade("getDcvEmpresasAutorizadas", {})).data;
  element("rut").replaceChildren(...companies.map((one) =>
    new Option(`${one.rut}-${one.dv} ${one.razonSocial}`, `${one.rut}-${one.dv}`)));
  document.body.dataset.ready = "true";
}

function question(more) {
  const [rutEmisor, dvEmisor] = element("rut").value.split("-");
  const ptributario = element("periodoAnho").value + element("periodoMes").value;
  return { rutEmisor, dvEmisor, ptributario, ...chosen, ...more };
}

function cell(value) {
  const made = document.createElement("td");
  made.textContent = typeof value === "number" ? value.toLocaleString("es-CL") : value;
  return made;
}

function showRows(rows) {
  element("resumen").tBodies[0].replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...[
      `${row.dcvNombreTipoDoc} (${row.rsmnTipoDocInteger})`, row.rsmnTotDoc, row.rsmnMntExe,
      row.rsmnMntNeto, row.rsmnMntIVA, row.rsmnMntIVANoRec, row.rsmnMntTotal,
    ].map(cell));
    return line;
  }));
}

function say(respEstado) {
  element("alert_placeholder").textContent = respEstado.codRespuesta ? respEstado.msgeRespuesta : "";
}

async function consult() {
  const answer = await facade("getResumen", question({ busquedaInicial: true }));
  say(answer.respEstado);
  showRows(answer.data || []);
}

async function download() {
  const purchase = chosen.operacion === "COMPRA";
  const answer = await facade(purchase ? "getDetalleCompraExport" : "getDetalleVentaExport", question({
    codTipoDoc: "0",
    accionRecaptcha: purchase ? "RCV_DDETC" : "RCV_DDETV",
    tokenRecaptcha: "t-o-k-e-n-web",
  }));
  say(answer.respEstado);
  if (!answer.data || !answer.data.length) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([answer.data.join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = answer.nombreArchivo;
  link.click();
}

function showTabs() {
  const operation = chosen.operacion.toLowerCase();
  document.querySelectorAll(".tabs:not(.states) a").forEach((tab) =>
    tab.classList.toggle("active", tab.getAttribute("href") === `#${operation}/`));
  element("estados").replaceChildren(...STATES[chosen.operacion].map((state) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#${operation}/${state}`;
    link.textContent = state.replace("_", " ");
    link.className = state === chosen.estadoContab ? "active" : "";
    item.append(link);
    return item;
  }));
}

const run = (action) => action().catch((error) => {
  element("alert_placeholder").textContent = `No fue posible completar la consulta: ${error.message}`;
});

window.addEventListener("hashchange", () => {
  const [, operation, state] = /^#(compra|venta)\/(\w*)$/.exec(location.hash) || [];
  if (!operation) return;
  chosen.operacion = operation.toUpperCase();
  chosen.estadoContab = state || "REGISTRO";
  showTabs();
  run(consult);
});
element("consulta").addEventListener("submit", (event) => { event.preventDefault(); run(consult); });
element("descargar").addEventListener("click", () => run(download));
showTabs();
run(bootstrap);
