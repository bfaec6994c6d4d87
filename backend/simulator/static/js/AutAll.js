// The login form's checks, written for the simulator: destination, RUT with modulus 11, submit.
"use strict";

function asignaReferencia() {
  if (location.search.length > 1) {
    document.getElementById("referencia").value = location.search.slice(1) + location.hash;
  }
}

function calculaDv(body) {
  let sum = 0;
  [...body].reverse().forEach((digit, place) => { sum += Number(digit) * (2 + (place % 6)); });
  const rest = 11 - (sum % 11);
  return rest === 11 ? "0" : rest === 10 ? "K" : String(rest);
}

function validaRut(text) {
  const found = /^0*(\d{1,8})([\dkK])$/.exec(text.replace(/[.\-\s]/g, ""));
  return found && { body: found[1], dv: found[2].toUpperCase() };
}

function validaDv(rut) {
  return calculaDv(rut.body) === rut.dv;
}

function validaCamposAut() {
  const rut = validaRut(document.getElementById("rutcntr").value);
  if (!rut || !validaDv(rut)) return "El RUT ingresado no es válido.";
  if (!document.getElementById("clave").value) return "Debe ingresar su clave.";
  document.getElementById("rut").value = rut.body;
  document.getElementById("dv").value = rut.dv;
  return "";
}

function ejecuta_opcion() {
  asignaReferencia();
  const problem = validaCamposAut();
  document.getElementById("alert_placeholder").textContent = problem;
  return problem === "";
}
