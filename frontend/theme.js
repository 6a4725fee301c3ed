// Applies the stored theme before the first paint. Trunk writes it into the page, which saves a request; the server
// allows it by its hash.
try {
  const theme = localStorage.getItem("uptrakit-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the system's theme it is.
}
