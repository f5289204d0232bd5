// Live updates of a rollback's page; without this script the page is whole, only it stands still.
"use strict";
(() => {
  const live = document.getElementById("live");
  const address = live && live.dataset.events;
  if (!address || !window.EventSource) return;
  const shown = document.getElementById("shown");
  const announced = document.getElementById("announced");
  const progress = document.getElementById("progress");
  const link = document.getElementById("link");
  const question = document.getElementById("question");
  const heading = document.querySelector("main > h1");
  const say = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };
  const source = new EventSource(address);
  source.addEventListener("open", () => say(link, "Live."));
  source.addEventListener("error", () => {
    say(link, source.readyState === EventSource.CLOSED ? "Not live." : "Connecting again …");
  });
  source.addEventListener("shown", (event) => {
    const now = JSON.parse(event.data);
    const focused = shown.contains(document.activeElement) ? document.activeElement : null;
    const label = focused && focused.getAttribute("aria-label");
    const at = focused ? focused.scrollLeft : 0;
    // Made by the server of elements whose text is always text.
    shown.innerHTML = now.html;
    if (focused) {
      const again = label && shown.querySelector(`[aria-label="${CSS.escape(label)}"]`);
      if (again) {
        again.focus({ preventScroll: true });
        again.scrollLeft = at;
      }
    }
    say(announced, now.said);
    say(progress, "");
    if (question && !now.open && !question.hidden) {
      const held = question.contains(document.activeElement);
      question.hidden = true;
      if (held) document.getElementById("main").focus({ preventScroll: true });
    }
    say(heading, now.title);
    document.title = now.title;
  });
  source.addEventListener("over", () => {
    source.close();
    say(link, "It is over.");
  });
  source.addEventListener("progress", (event) => say(progress, JSON.parse(event.data).text));
})();
