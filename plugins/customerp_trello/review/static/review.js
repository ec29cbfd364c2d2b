// What HTML alone cannot do in Airflow's frame: leave it, choose many, reach the search by a key.
const framed = window.parent !== window;

// The frame may not open windows or move the page around it, but a click on a link of the outer document may.
const followOutside = (link, target) => {
  const outer = window.parent.document;
  const twin = outer.createElement("a");
  twin.href = link.href;
  twin.rel = "noopener noreferrer";
  if (target) twin.target = target;
  twin.hidden = true;
  outer.body.append(twin);
  twin.click();
  twin.remove();
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow], a[data-outside]");
  if (!link || !framed) return;
  event.preventDefault();
  const aside = event.ctrlKey || event.metaKey || link.hasAttribute("data-outside");
  followOutside(link, aside ? "_blank" : "");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("find").focus();
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) delete form.dataset.sent;
});

// "Try the chosen again" makes sense once something is chosen.
for (const form of document.querySelectorAll("form:has(input[type=checkbox])")) {
  const button = form.querySelector("button[type=submit]");
  const update = () => {
    if (button) button.disabled = !form.querySelector("input[type=checkbox]:checked");
  };
  form.addEventListener("change", update);
  update();
}
