/* Runs before the first paint on every page: "light" or "dark" if the person chose one, else what the system says. */
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("grove.theme");
  } catch (e) {
    /* storage may be forbidden: follow the system */
  }
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
