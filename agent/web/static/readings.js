// Endless readings: older ones are fetched when the end comes into view, new ones every few seconds.
"use strict";

const REFRESH_MS = 5000;
const rows = document.getElementById("rows");

async function load(url) {
  const answer = await fetch(url);
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

const watcher = new IntersectionObserver(async ([entry]) => {
  const link = document.getElementById("older");
  if (!entry.isIntersecting || !link) return;
  watcher.unobserve(link);
  try {
    const page = await load(link.href);
    const found = page.querySelectorAll("#rows > li");
    rows.append(...found);
    const next = page.getElementById("older");
    if (next) {
      link.href = next.href;
      watcher.observe(link);
    } else link.remove();
  } catch {
    link.textContent = "Older readings (the board did not answer; try again)";
  }
}, { rootMargin: "600px" });

function watch() {
  const link = document.getElementById("older");
  if (link) watcher.observe(link);
}

async function refresh() {
  if (document.hidden) return;
  const url = new URL(location.href);
  url.searchParams.delete("before");
  url.searchParams.set("after", rows.firstElementChild?.dataset.id ?? "0");
  url.searchParams.set("limit", "500");
  try {
    const page = await load(url);
    const found = page.querySelectorAll("#rows > li");
    if (found.length) document.getElementById("empty")?.remove();
    rows.prepend(...found);
  } catch { /* the next refresh tries again */ }
}

watch();
if (rows.dataset.start === "yes") setInterval(refresh, REFRESH_MS);
