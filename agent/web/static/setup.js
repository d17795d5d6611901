// Draw the region, try the camera's controls, and save: the board undoes what does not work.
"use strict";

const POLL_MS = 1000;
const MIN_DRAWN_PX = 8; // a shorter drag is a tap
const find = (id) => document.getElementById(id);
const [form, picture, drawn, region, said] = ["options", "picture", "drawn", "region", "said"].map(find);
const inputs = [...form.querySelectorAll("[name]")];
const roi = find("option-roi");
const isLocked = find("whole").disabled;
const controls = new Map(); // by name: the value that the camera had when the page was opened or saved
let kept = values();

function values() {
  return Object.fromEntries(inputs.map((input) => [input.name, input.value]));
}

function typed(input) {
  if (input.value === "") return null;
  if (input.dataset.kind === "switch") return input.value === "true";
  return input.dataset.kind === "text" ? input.value : Number(input.value);
}

function changed() {
  return inputs.filter((input) => input.value !== kept[input.name]);
}

function refresh() {
  const isBusy = form.dataset.state === "checking";
  const hasNews = !isLocked && changed().length > 0;
  find("save").disabled = isBusy || !hasNews;
  find("reset").disabled = isBusy || !hasNews;
  showRegion();
}

function say(text, isAlert = false) {
  said.textContent = text;
  said.className = isAlert ? "alert" : "note";
}

async function ask(path, method = "GET", content = undefined) {
  const headers = content ? { "content-type": "application/json" } : {};
  const answer = await fetch(`/api/v1/${path}`, { method, headers, body: content && JSON.stringify(content) });
  if (answer.status === 401) location.reload();
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

// The region: per cent of the picture, so that it fits whatever size the camera gives.
function share(event) {
  const box = drawn.getBoundingClientRect();
  const part = (place, length) => Math.min(100, Math.max(0, (100 * place) / length));
  return [part(event.clientX - box.left, box.width), part(event.clientY - box.top, box.height)];
}

function parsed() {
  const found = roi?.value.replaceAll(" ", "").match(/^([\d.]+)(%?),([\d.]+)\2,([\d.]+)\2,([\d.]+)\2$/);
  if (!found) return null;
  const [x, y, w, h] = [found[1], found[3], found[4], found[5]].map(Number);
  if (found[2]) return [x, y, w, h];
  const { naturalWidth: width, naturalHeight: height } = picture;
  return width ? [(100 * x) / width, (100 * y) / height, (100 * w) / width, (100 * h) / height] : null;
}

function showRegion() {
  const found = parsed();
  region.hidden = !found;
  if (found) ["left", "top", "width", "height"].forEach((name, place) => (region.style[name] = `${found[place]}%`));
}

function draw(start) {
  const [fromX, fromY] = share(start);
  const before = roi.value;
  drawn.setPointerCapture(start.pointerId);
  const move = (event) => {
    const [x, y] = share(event);
    const box = [Math.min(fromX, x), Math.min(fromY, y), Math.abs(x - fromX), Math.abs(y - fromY)];
    const isTap = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < MIN_DRAWN_PX;
    roi.value = isTap ? before : box.map((one) => `${Number(Math.max(one, 0).toFixed(1))}%`).join(",");
    refresh();
  };
  const end = () => {
    drawn.removeEventListener("pointermove", move);
    drawn.removeEventListener("pointerup", end);
    drawn.removeEventListener("pointercancel", end);
  };
  drawn.addEventListener("pointermove", move);
  drawn.addEventListener("pointerup", end);
  drawn.addEventListener("pointercancel", end);
}

// Controls of the camera are set at once.
function controlInput({ name, minimum, maximum, menu, value }) {
  const items = Object.entries(menu);
  const made = document.createElement(items.length ? "select" : "input");
  if (items.length) for (const [number, text] of items) made.append(new Option(text, number));
  else Object.assign(made, { type: "range", min: minimum, max: maximum, step: 1 });
  made.value = value;
  made.id = `control-${name}`;
  made.disabled = isLocked;
  return made;
}

function keepControl(name, value) {
  const option = find("option-control");
  const wanted = new Map(option.value.split(",").filter(Boolean).map((part) => part.split("=").map((one) => one.trim())));
  wanted.set(name, value);
  option.value = [...wanted].map((pair) => pair.join("=")).join(",");
  refresh();
}

async function setControl(name, value) {
  try {
    showControls((await ask("camera/controls", "PATCH", { name, value: Number(value) })).controls);
    return true;
  } catch (error) {
    say(error.message, true);
    return false;
  }
}

function showControls(found) {
  for (const control of found) {
    const shown = find(`control-${control.name}`);
    if (shown) {
      if (document.activeElement !== shown) shown.value = control.value;
      shown.nextElementSibling.textContent = shown.type === "range" ? control.value : "";
      continue;
    }
    const [row, label, output] = ["div", "label", "output"].map((name) => document.createElement(name));
    const input = controlInput(control);
    row.className = "control";
    label.textContent = control.name;
    label.htmlFor = input.id;
    output.textContent = input.type === "range" ? control.value : "";
    row.append(label, input, output);
    find("controls").append(row);
    if (control.value !== null) controls.set(control.name, control.value);
    input.addEventListener("change", async () => {
      if (await setControl(control.name, input.value)) keepControl(control.name, input.value);
    });
  }
  find("controls").hidden = !found.length;
}

// Saving: the board answers at once, and says later whether the camera came back.
async function save(event) {
  event.preventDefault();
  const options = Object.fromEntries(changed().map((input) => [input.name, typed(input)]));
  find("save").disabled = true;
  try {
    take(await ask("configuration", "PATCH", { version: form.dataset.version, options }));
  } catch (error) {
    say(error.message, true);
    refresh();
  }
}

function take(found) {
  const { state, text } = found.change;
  form.dataset.version = found.version;
  form.dataset.state = state;
  say(text, state === "undone");
  if (state === "checking") setTimeout(poll, POLL_MS);
  else for (const { name, value, origin } of found.options) {
    const input = find(`option-${name}`);
    if (!input) continue;
    kept[name] = value === null ? "" : String(value);
    if (state === "applied") input.value = kept[name];
    input.closest(".option").querySelector(".origin").textContent = `from: ${origin}`;
  }
  if (state === "applied") for (const name of controls.keys()) controls.set(name, find(`control-${name}`).value);
  refresh();
}

async function poll() {
  try {
    take(await ask("configuration"));
  } catch {
    say("The board does not answer. This page tries again.", true);
    setTimeout(poll, POLL_MS);
  }
}

async function reset() {
  for (const input of inputs) input.value = kept[input.name];
  for (const [name, value] of controls) if (find(`control-${name}`).value !== `${value}`) await setControl(name, value);
  say("");
  refresh();
}

// The picture never ends. If it began before the page had loaded, the page would never have loaded.
addEventListener("load", () => setTimeout(() => (picture.src = "/frame.mjpg?layers=read")));
picture.addEventListener("load", showRegion);
form.addEventListener("input", refresh);
form.addEventListener("submit", save);
find("reset").addEventListener("click", reset);
find("whole").addEventListener("click", () => {
  roi.value = "";
  refresh();
});
if (roi && !isLocked) drawn.addEventListener("pointerdown", draw);
ask("camera/controls").then(({ controls: found }) => showControls(found), (error) => say(error.message, true));
if (form.dataset.state === "checking") poll();
refresh();
