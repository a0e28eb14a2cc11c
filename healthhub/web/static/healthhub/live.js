// One socket a page. It carries hints only ("alert 17 changed"): the parts of the page that the hint concerns are fetched anew,
// and after every gap all of them are, because a hint that was missed is never sent again.
const banner = document.getElementById("connection");
const SILENCE = 60_000;
const GRACE = 3_000;
let socket = null;
let heard = Date.now();
let wait = 500;
let opened = false;
const waiting = new Map();

const isOpen = () => socket !== null && socket.readyState === WebSocket.OPEN;
const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

function busy(part) {
  // Never take a half-written note or a menu away from under the hand.
  const active = document.activeElement;
  const typing = part.contains(active) && active.matches("input, textarea, select");
  return typing || part.querySelector("form.panel:not([hidden])") !== null;
}

function refresh(part, tries = 0) {
  if (!part.isConnected) return;
  if (busy(part) && tries < 150) {
    setTimeout(() => refresh(part, tries + 1), 2_000);
  } else {
    window.htmx.trigger(part, "hh:refresh");
  }
}

// A burst of readings is one fetch: at most two a second and part, and always one after the last.
function refreshSoon(part) {
  const name = part.id;
  if (waiting.has(name)) return;
  waiting.set(name, setTimeout(() => {
    waiting.delete(name);
    const now = document.getElementById(name);
    if (now) refresh(now);
  }, 300));
}

function heardOf(event) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const cares = part.dataset.live.split(" ").includes(event.type);
    const hers = !part.dataset.livePatient || !event.patient || part.dataset.livePatient === event.patient;
    if (cares && hers) refreshSoon(part);
  }
  document.dispatchEvent(new CustomEvent("hh:event", { detail: event }));
}

function caughtUp() {
  document.querySelectorAll("[data-live]").forEach(refreshSoon);
  document.dispatchEvent(new CustomEvent("hh:gap"));
}

function say(words) {
  banner.textContent = words;
  banner.hidden = words === "";
}

function connect() {
  const address = new URL("/ws/", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    wait = 500;
    heard = Date.now();
    // Something may have happened between the page's making and this moment.
    caughtUp();
    if (opened && !banner.hidden) {
      say(banner.dataset.back);
      setTimeout(() => { if (isOpen()) say(""); }, 4_000);
    }
    opened = true;
  });
  socket.addEventListener("message", (message) => {
    heard = Date.now();
    const event = JSON.parse(message.data);
    if (event.type === "authz") {
      caughtUp();
    } else {
      heardOf(event);
    }
  });
  socket.addEventListener("close", (closed) => {
    if (closed.code === 4401 || closed.code === 4403) {
      window.location.reload(); // signed out or no longer allowed: the server shows what is left
      return;
    }
    setTimeout(connect, wait + Math.random() * wait);
    wait = Math.min(wait * 2, 15_000);
  });
}

setInterval(() => {
  const silent = Date.now() - heard;
  if (isOpen() && silent > SILENCE) socket.close();
  if (!isOpen() && silent > GRACE) say(banner.dataset.lost.replace("{time}", clock(heard)));
}, 1_000);

// Ages go on while the page stands open.
setInterval(() => {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang);
  for (const element of document.querySelectorAll("time[data-age]")) {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1_000;
    const [size, unit] = seconds >= 86_400 ? [86_400, "day"] : seconds >= 3_600 ? [3_600, "hour"] : [60, "minute"];
    if (seconds >= 60) element.textContent = words.format(-Math.floor(seconds / size), unit);
  }
}, 20_000);

// A part that is no longer ours: load the whole page, which says so.
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 404 && event.detail.requestConfig.verb === "get") window.location.reload();
});
document.body.addEventListener("htmx:sendError", () => say(banner.dataset.lost.replace("{time}", clock(heard))));
window.addEventListener("online", () => { if (!isOpen()) { wait = 500; } });
connect();
