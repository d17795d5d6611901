// The run beside this page: its state once a second, and each reading as it comes.
"use strict";

const KEPT = 30;
const RETRY_MS = 3000;
const last = document.getElementById("last");
const picture = document.getElementById("picture");
const outage = document.getElementById("outage");
const note = document.getElementById("note");
const cell = (key) => document.querySelector(`[data-key="${key}"]`);
const amount = (value, digits, unit) => (value === null ? "–" : `${value.toFixed(digits)} ${unit}`);

function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function showStatus(status) {
  cell("rate").textContent = amount(status.frames_per_s, 1, "/s");
  cell("latency").textContent = amount(status.latency_ms, 1, "ms");
  cell("power").textContent = amount(status.power_mw === null ? null : status.power_mw / 1000, 2, "W");
  cell("temperature").textContent = amount(status.temperature_c, 1, "°C");
  show(outage, status.outage);
  const notes = [
    status.paused ? "Reading is paused." : "",
    status.slowed ? `Slowed: ${status.slowed}.` : "",
    status.throttling?.length ? `The board throttles: ${status.throttling.join(", ")}.` : "",
    status.form_note,
    ...status.waiting.map((one) => `${one.text} in view: ${one.waits_for}.`),
    status.fault ? `Last fault: ${status.fault}` : "",
  ];
  show(note, notes.filter(Boolean).join(" "));
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function showReading(reading) {
  const { high, medium } = last.dataset;
  const kind = reading.confidence >= high ? "sure" : reading.confidence < medium ? "unsure" : "fair";
  const at = element("time", new Date(reading.at).toLocaleTimeString());
  at.dateTime = reading.at;
  addRow(reading.number, element("b", reading.text), element("span", `${(reading.confidence * 100).toFixed(1)} %`, kind), at);
}

function showRecord(record) {
  const at = element("time", new Date(record.at).toLocaleTimeString());
  at.dateTime = record.at;
  const fields = document.createElement("dl");
  fields.className = "fields";
  for (const { name, value, sure } of record.fields) {
    fields.append(element("dt", name), element("dd", `${value || "–"}${sure ? "" : " (to check)"}`, sure ? "" : "unsure"));
  }
  addRow(record.number, element("b", record.form), at, fields);
}

function addRow(number, ...cells) {
  if (last.querySelector(`[data-number="${Number(number)}"]`)) return;
  const row = document.createElement("li");
  row.dataset.number = number;
  row.append(...cells);
  last.prepend(row);
  while (last.children.length > KEPT) last.lastElementChild.remove();
  document.getElementById("none").hidden = true;
}

function showPicture() {
  const ticked = [...document.querySelectorAll("#layers input:checked")].map((box) => box.value);
  picture.src = `/frame.mjpg?layers=${ticked.join(",")}&at=${Date.now()}`;
}

function connect() {
  const events = new EventSource("/api/v1/events");
  events.onopen = () => last.replaceChildren(); // the board sends the last readings again
  events.addEventListener("status", (event) => showStatus(JSON.parse(event.data)));
  events.addEventListener("reading", (event) => showReading(JSON.parse(event.data)));
  events.addEventListener("record", (event) => showRecord(JSON.parse(event.data)));
  events.onerror = () => {
    events.close();
    show(outage, "The board does not answer. This page tries again.");
    setTimeout(async () => {
      try {
        const answer = await fetch("/api/v1/status");
        if (answer.status === 401) return location.reload();
        showPicture();
      } catch { /* still away */ }
      connect();
    }, RETRY_MS);
  };
}

// The picture never ends. If it began before the page had loaded, the page would never have loaded.
addEventListener("load", () => setTimeout(showPicture));
document.getElementById("layers").addEventListener("change", showPicture);
connect();
