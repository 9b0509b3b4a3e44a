// Live updates, page turning without a reload, keys, and the replay of a ladder.
// Every page works without this file; what is drawn always comes from the server.
"use strict";

(() => {
  const body = document.body;
  const announce = document.getElementById("announce");
  const link = document.getElementById("link");
  const drawn = new Map();      // id of a live part -> its HTML as the server last sent it
  const played = new Set();     // ladders replayed on this page already
  const READING_MS = 420;

  const liveParts = (root) => root.querySelectorAll("[data-live]");
  const remember = () => liveParts(document).forEach((part) => drawn.set(part.id, part.outerHTML));

  // Redraw -------------------------------------------------------------------------------------------

  let latest = 0;

  async function redraw(address) {
    const mine = ++latest;
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (!answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== latest) return true;  // a newer one is on its way: this is the page as it was
    const held = document.activeElement;
    const key = held && held.dataset ? held.dataset.key : null;
    liveParts(fresh).forEach((part) => {
      const old = document.getElementById(part.id);
      if (!old || drawn.get(part.id) === part.outerHTML) return;
      drawn.set(part.id, part.outerHTML);
      const ticked = [...old.querySelectorAll("input:checked")].map((box) => box.id);
      const scrolled = [...old.querySelectorAll(".paper")].map((box) => [box.scrollLeft, box.scrollTop]);
      const had = old.contains(held);
      old.replaceWith(document.adoptNode(part));
      ticked.forEach((id) => { const box = document.getElementById(id); if (box) box.checked = true; });
      part.querySelectorAll(".paper").forEach((box, i) => { if (scrolled[i]) box.scrollTo(...scrolled[i]); });
      if (had) refocus(part, held, key);
      prepareLadders(part);
    });
    return true;
  }

  function refocus(part, held, key) {
    const again = (held.id && document.getElementById(held.id)) || (key && part.querySelector(`[data-key="${key}"]`))
      || (held.href && [...part.querySelectorAll("a")].find((a) => a.href === held.href))
      || part.querySelector(".paper");
    if (again) again.focus({ preventScroll: true });
  }

  let due = 0;
  let busy = false;
  let again = false;

  function redrawSoon(ms) {
    if (busy) again = true;
    else if (!due) due = setTimeout(redrawNow, ms);
  }

  async function redrawNow() {
    due = 0;
    busy = true;
    await redraw(location.href).catch(() => {});
    busy = false;
    if (again) { again = false; redrawSoon(120); }
  }

  function poll() {
    const asks = document.querySelector("[data-poll]");
    if (asks) setTimeout(() => redraw(location.href).catch(() => {}).finally(poll), Number(asks.dataset.poll));
  }

  // Events -------------------------------------------------------------------------------------------

  let source = null;
  let after = body.dataset.after;

  function listen() {
    if (source || !document.querySelector("[data-live]")) return;
    const number = body.dataset.number ? `&number=${body.dataset.number}` : "";
    source = new EventSource(`/events?after=${after}${number}`);
    source.onopen = () => tell("on");
    source.onerror = () => tell("off");
    source.onmessage = (event) => {
      after = event.lastEventId;
      const news = JSON.parse(event.data);
      if (news.say) announce.textContent = news.say;
      redrawSoon(120);
    };
  }

  function tell(state) {
    link.hidden = false;
    link.dataset.state = state;
    link.textContent = link.dataset[state];
  }

  // A hidden page gives its connection back: browsers allow few to one server.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { listen(); redrawSoon(0); }
    else if (source) { source.close(); source = null; }
  });
  addEventListener("pagehide", () => { if (source) { source.close(); source = null; } });
  addEventListener("pageshow", listen);

  // Turning pages and keys ---------------------------------------------------------------------------

  async function turn(anchor) {
    const address = anchor.href;
    history.replaceState(null, "", address);  // first, so that live updates ask for the same page
    if (!await redraw(address).catch(() => false)) location.reload();
  }

  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[data-swap]");
    if (anchor && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      turn(anchor);
      return;
    }
    const button = event.target.closest("button[data-replay]");
    if (button) play(document.getElementById(button.dataset.replay));
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, select, textarea")) return;
    const key = event.key === "=" ? "+" : event.key;
    const target = [...document.querySelectorAll("[data-key]")].find((item) => item.dataset.key === key);
    const box = document.querySelector(".paper");
    const wide = box && box.scrollWidth > box.clientWidth && document.activeElement === box;
    if (!target || (wide && key.startsWith("Arrow"))) return;
    event.preventDefault();
    if (target.matches("input")) target.focus(); else turn(target);
  });

  // The ladder at reading speed ----------------------------------------------------------------------

  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  function prepareLadders(root) {
    root.querySelectorAll("button[data-replay]").forEach((button) => { button.hidden = false; });
    root.querySelectorAll('table[data-play="auto"]').forEach((table) => {
      if (!played.has(table.id) && !still) play(table);
    });
  }

  function play(table) {
    played.add(table.id);
    const note = document.getElementById(`note-${table.id}`);
    if (note) note.hidden = false;
    const rows = [...table.tBodies[0].rows];
    const run = (table.dataset.run = String(Math.random()));
    rows.forEach((row) => { row.hidden = true; });
    const next = (i) => {
      if (table.dataset.run !== run || i >= rows.length) return;
      rows[i].hidden = false;
      setTimeout(next, rows[i].classList.contains("at") ? 0 : READING_MS, i + 1);
    };
    next(0);
  }

  remember();
  prepareLadders(document);
  listen();
  poll();
})();
