// The theme, for the app and the guide alike: applied before the first paint, and chosen by any radio button that is
// called "theme". It stands in the page itself, which saves a request; the server allows it by its hash.
const root = document.documentElement.dataset;
const key = "uptrakit-theme";
const use = (theme) => {
  if (theme === "light" || theme === "dark") root.theme = theme;
  else delete root.theme;
};
// A browser may refuse to store anything; the theme then lasts as long as the page.
try {
  use(localStorage.getItem(key));
} catch {}
// The guide's radio buttons stand in its pages; the app draws its own.
addEventListener("DOMContentLoaded", () => {
  for (const choice of document.getElementsByName("theme")) choice.checked = choice.value === (root.theme ?? "");
});
addEventListener("change", ({ target }) => {
  if (target.name !== "theme") return;
  use(target.value);
  try {
    localStorage.setItem(key, target.value);
  } catch {}
});
