// One reading at a time: Enter accepts what is typed. Answers are sent in order while the next reading is shown.
"use strict";

const LIMIT = 16;
const LOW = 8; // when fewer are left, more are asked for
const find = (id) => document.getElementById(id);
const [card, form, input, frame, place] = ["card", "answer", "text", "frame", "place"].map(find);
const hasKeyboard = !matchMedia("(pointer: coarse)").matches;
const chosen = new URLSearchParams(location.search).get("reading");
const queue = [];        // what comes next; the first one is shown
const answered = [];     // what was answered here, for undo; `kept` gives its ID once the board has it
const seen = new Set();  // IDs that were in the queue, so that a late answer of the board brings none again
let rates = null;
let sending = Promise.resolve();
let loading = false;

function say(text, isAlert = false) {
  find("said").textContent = text;
  find("said").className = isAlert ? "alert" : "note";
  find("said").hidden = !text;
}

async function ask(path, options) {
  const answer = await fetch(`/api/v1/${path}`, options);
  if (answer.status === 401) location.reload();
  const content = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(content.error), { status: answer.status });
  return content;
}

async function load() {
  try {
    const found = await ask(chosen ? `reviews?reading=${Number(chosen)}` : `reviews?limit=${LIMIT}`);
    rates = found;
    for (const done of answered.filter((one) => !one.isSent)) count(done, 1);
    for (const item of found.items) {
      if (seen.has(item.reading.id)) continue;
      seen.add(item.reading.id);
      queue.push({ ...item, picture: picture(item.reading) });
    }
    showRates();
  } catch (error) {
    say(`${error.message || "The board does not answer."} Reload the page to try again.`, true);
  }
  loading = false;
  if (card.hidden) show();
}

// The board gets one request after the other, so what was answered before does not come again.
function loadMore() {
  if (loading) return;
  loading = true;
  sending = sending.then(load);
}

function picture(reading) {
  if (!reading.picture) return null;
  const made = new Image();
  made.src = `/api/v1/readings/${Number(reading.id)}/picture.jpg`;
  made.alt = `Cut-out of the picture; the agent read ${reading.text}`;
  made.addEventListener("load", showPlace);
  return made;
}

function showPlace() {
  const item = queue[0];
  if (!item?.place || !item.picture?.naturalWidth) return;
  const [x, y, w, h] = item.place;
  const { naturalWidth: width, naturalHeight: height } = item.picture;
  const pad = 3;
  place.style.left = `${(100 * (x - pad)) / width}%`;
  place.style.top = `${(100 * (y - pad)) / height}%`;
  place.style.width = `${(100 * (w + 2 * pad)) / width}%`;
  place.style.height = `${(100 * (h + 2 * pad)) / height}%`;
  place.hidden = false;
}

function show() {
  const item = queue[0];
  card.hidden = !item;
  find("done").hidden = Boolean(item) || loading;
  find("undo").disabled = !answered.length;
  place.hidden = true;
  frame.querySelector("img")?.remove();
  if (!item) return;
  const { reading } = item;
  find("no-picture").hidden = Boolean(item.picture);
  if (item.picture) frame.prepend(item.picture);
  showPlace();
  const kind = reading.confidence >= 0.9 ? "sure" : reading.confidence < 0.6 ? "unsure" : "fair";
  find("read").textContent = reading.text;
  find("confidence").textContent = `${(reading.confidence * 100).toFixed(1)} %`;
  find("confidence").className = kind;
  find("at").textContent = new Date(reading.at).toLocaleString();
  input.value = item.typed ?? (reading.corrected || reading.text);
  if (hasKeyboard) {
    input.focus();
    input.select();
  }
}

function showRates() {
  find("export").hidden = !rates.exportable && !answered.some((one) => one.isSent && one.item.picture);
  for (const origin of ["unsure", "sample"]) {
    const { checked, wrong, waiting, low, high } = rates[origin];
    const share = (value) => `${(value * 100).toFixed(1)} %`;
    find(`${origin}-waiting`).textContent = waiting.toLocaleString();
    find(`${origin}-wrong`).textContent = `${wrong.toLocaleString()} of ${checked.toLocaleString()}`;
    find(`${origin}-rate`).textContent = checked ? `${share(wrong / checked)}, ${share(low)} to ${share(high)}` : "–";
  }
}

// The board counts when the queue is loaded; the page adds what the board does not have yet.
function count({ item, verdict, text }, step) {
  const rate = rates[item.origin];
  if (!rate) return;
  rate.waiting -= step;
  if (verdict !== "cannot_tell") {
    rate.checked += step;
    if (verdict !== "number" || text !== item.reading.text) rate.wrong += step;
  }
}

function answer(verdict) {
  const item = queue[0];
  if (!item) return;
  const text = verdict === "number" ? input.value.replaceAll(" ", "") : "";
  if (verdict === "number" && !/[0-9]/.test(text)) return say("Type the number, or choose “Not a number”.", true);
  queue.shift();
  const done = { item: { ...item, typed: input.value }, verdict, text, kept: null, isSent: false };
  answered.push(done);
  const { id, correction } = item.reading;
  const body = JSON.stringify({ reading: id, verdict, text, origin: item.origin, replaces: correction });
  sending = done.kept = sending.then(() => send(done, body));
  count(done, 1);
  showRates();
  const words = { number: text, not_a_number: "not a number", cannot_tell: "cannot tell" };
  say(`${item.reading.text}: ${words[verdict]}.`);
  if (queue.length < LOW && !chosen) loadMore();
  show();
}

async function send(done, body) {
  const headers = { "content-type": "application/json" };
  try {
    const { id } = await ask("corrections", { method: "POST", headers, body });
    done.isSent = true;
    showRates();
    return id;
  } catch (error) {
    forget(done);
    const lost = error.status === 409 || error.status === 404;
    if (!lost) queue.unshift(done.item);
    say(lost ? `${done.item.reading.text}: ${error.message}.` : `${error.message || "The board does not answer."} This reading comes again.`, true);
    show();
    return null;
  }
}

function forget(done) {
  const index = answered.indexOf(done);
  if (index >= 0) answered.splice(index, 1);
  count(done, -1);
  showRates();
}

function undo() {
  const done = answered.pop();
  if (done) sending = sending.then(() => takeBack(done));
  show();
}

async function takeBack(done) {
  const id = await done.kept;
  if (id === null) return; // it was not kept, and comes again by itself
  try {
    await ask(`corrections/${id}`, { method: "DELETE" });
    forget(done);
    done.item.reading.correction = 0;
    queue.unshift(done.item);
    say(`${done.item.reading.text}: taken back.`);
  } catch (error) {
    say(error.message, true);
  }
  show();
}

const KEYS = { n: () => answer("not_a_number"), c: () => answer("cannot_tell"), u: undo };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  answer("number");
});
find("not-a-number").addEventListener("click", KEYS.n);
find("cannot-tell").addEventListener("click", KEYS.c);
find("undo").addEventListener("click", undo);
loadMore();
