// Typing a blood pressure without touching "next": the hand stays on the digits.
const boxes = () => [...document.querySelectorAll("input[data-next]")];

document.addEventListener("input", ({ target }) => {
  if (target.dataset?.next !== "bp") return;
  const full = /^\d{3}$/.test(target.value) || /^[4-9]\d$/.test(target.value);
  const next = boxes()[boxes().indexOf(target) + 1];
  if (full && next && next.value === "") next.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Backspace" || event.target.dataset?.next !== "bp" || event.target.value !== "") return;
  const before = boxes()[boxes().indexOf(event.target) - 1];
  if (before) {
    before.focus();
    event.preventDefault();
  }
});

function countDown(place) {
  const end = Date.now() + 1_000 * Number(place.dataset.repeat);
  const shown = place.querySelector("[data-countdown]");
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1_000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0 && shown.isConnected) setTimeout(tick, 250);
  };
  tick();
}

function arrived() {
  document.querySelectorAll("[data-repeat]:not([data-counting])").forEach((place) => {
    place.dataset.counting = "yes";
    countDown(place);
  });
  const wrong = document.querySelector("#log [aria-invalid='true']");
  const done = document.querySelector("#log[data-focus]");
  wrong?.focus();
  if (done) {
    done.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

document.body.addEventListener("htmx:afterSettle", arrived);
arrived();
